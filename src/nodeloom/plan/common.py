"""What the calls of a plan have in common, written once: an item then only fills in what is its own.

Everything here is made by the same functions that write a call from nothing, so that the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from nodeloom.messages import Request
from nodeloom.plan.address import in_parts
from nodeloom.plan.call import Call, Frame, Injected

# What an encoder leaves of a path value (RFC 3986 section 3.3); anything else is written with more care.
_PATH_VALUE = re.compile(r"[A-Za-z0-9_.\-%:@!$&'()*+,;=~]+")
_ADDRESS = frozenset({"url", "baseURL"})


class CommonParts:
    """The parts of a plan's calls that do not depend on the item; `ground` is a call without the item's own parts.

    `touched` names the members of `options` that an item changes. For one credential; `injection` is what it puts on.
    """

    def __init__(
        self,
        ground: Call,
        touched: Collection[str],
        injection: Injected | None,
        credential_origins: Collection[str],
    ) -> None:
        self.injection = injection
        self.origins = credential_origins
        self._frame: Frame | None = None
        self._parts: list[str] | None = None
        # What is made of a secret is looked for in each item's address.
        secret = injection is not None and ground.marks.in_address(injection.open_fields)
        if not secret and not _ADDRESS & set(touched):
            self._parts = in_parts(ground.address(), ground.url_values)
        if self._parts is not None:
            ground.guard_secret(self._parts[0], injection, credential_origins)
            # Texts and names alternate, so each placeholder has an odd place.
            self._places = [(2 * i + 1, name) for i, name in enumerate(self._parts[1::2])]
        if not set(touched) - _ADDRESS:
            self._frame = ground.frame(injection)

    def request(self, call: Call, injection: Injected | None) -> Request | None:
        """The request of `call`; None when it has to be written from nothing."""
        if self._parts is None:
            return None
        filled = self._parts[:]
        for place, name in self._places:
            value = call.path.get(name)
            # An odd value is checked by `finish`, which has the words for what is wrong with it.
            if value is None or _PATH_VALUE.fullmatch(value) is None:
                return None
            filled[place] = value
        frame = self._frame if self._frame is not None else call.frame(injection)
        return frame.request("".join(filled))


class CommonCalls:
    """Keeps the common parts of a plan's calls for the credential in use; remade when its token changes."""

    def __init__(self, ground: Call, touched: Collection[str]) -> None:
        self._ground = ground
        self._touched = touched
        self._parts: CommonParts | None = None

    def request(self, call: Call, injection: Injected | None, credential_origins: Collection[str]) -> Request | None:
        """The request of `call`; None when it has to be written from nothing. Raises as `Call.request` does."""
        parts = self._parts
        # By identity: a session gives the same injection until its token changes, and comparing would take time.
        if parts is None or injection is not parts.injection or credential_origins is not parts.origins:
            parts = self._parts = CommonParts(self._ground, self._touched, injection, credential_origins)
        return parts.request(call, injection)
