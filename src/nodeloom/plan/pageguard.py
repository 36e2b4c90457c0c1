"""What ends a pagination that does not come to an end by itself."""

from __future__ import annotations

from nodeloom.errors import ItemError, LimitError
from nodeloom.messages import Response


class PageGuard:
    """Stops a pagination that does not come to an end: too many pages, or the same page again and again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages = 0
        self._last: tuple[str, bytes] | None = None
        self._led: set[tuple[str, int]] = set()

    def anew(self) -> PageGuard:
        """A guard for the same pages, fetched once more."""
        return PageGuard(self._limit)

    def check_link(self, link: str, response: Response) -> None:
        """As `check`, for a page that leads on by a `link`: one that led there before leads in a circle."""
        self.check(link, response)
        # By a hash, since all pages are remembered and a body may be long.
        page = (link, hash(response.body))
        if page in self._led:
            raise ItemError(
                "The service's next links lead in a circle.",
                value=link,
                hint="Report it to the service's operator, or narrow the query.",
            )
        self._led.add(page)

    def check(self, url: str, response: Response) -> None:
        """Raise LimitError or ItemError when this page must be the last and is not."""
        self._pages += 1
        if self._pages >= self._limit:
            raise LimitError(
                f"The pagination did not end within {self._limit} pages.", hint="Narrow the query or set a limit."
            )
        # Only the last page is kept whole: an address that does not advance is asked for again at once.
        page = (url, response.body)
        if page == self._last:
            raise ItemError(
                "The service answers the same page again and again.",
                value=url,
                hint="The node's pagination does not advance; report it to the node's author.",
            )
        self._last = page
