"""A run whose connections are not verified says so."""

from __future__ import annotations

import logging

from nodeloom.messages import Request, origin_of

_log = logging.getLogger("nodeloom")


class Unverified:
    """Warns once, on the logger `nodeloom`, of requests whose server's certificate is not checked."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said = False

    def note(self, request: Request) -> None:
        """Take note of a request that is about to be sent."""
        if not request.verify and not self._said:
            self._said = True
            _log.warning(
                "The certificate of %s is not checked: anyone in between can read the credential and change the"
                " answers. Switch it off for tests only.",
                origin_of(request.url),
            )
