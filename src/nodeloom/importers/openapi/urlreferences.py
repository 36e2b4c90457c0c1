"""Addresses of a document as references (RFC 3986): parsed, resolved, and whether they can be called.

A document may write a variable of its server as `{name}` anywhere in an address; such a variable is kept as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from nodeloom.messages import origin_of

_ROOT = "https://root.invalid"
VARIABLE = re.compile(r"\{([^{}]+)\}")
# RFC 3986, appendix B.
_REFERENCE = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
# A host without a scheme: a name with dots that ends in letters and is not the name of a file.
HOST = re.compile(r"(?:(?:[\w-]+\.)+([a-z]{2,24})|localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?", re.IGNORECASE)
_FILES = frozenset(
    (
        "php",
        "asp",
        "aspx",
        "ashx",
        "jsp",
        "do",
        "cgi",
        "pl",
        "py",
        "rb",
        "html",
        "htm",
        "xml",
        "json",
        "yaml",
        "yml",
        "svc",
    )
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed address of a document.

    `origin` is scheme and authority, None if the address is relative; `path` begins with a slash or is empty. `cut` is
    the part that a base address cannot have and that was left out; `fault` says why the address cannot be called.
    """

    origin: str | None = None
    path: str = ""
    cut: str = ""
    fault: str | None = None

    @property
    def whole(self) -> Reference:
        """With its query, which is a part of the address of an endpoint (RFC 6749 section 3.2)."""
        query = self.cut.partition("#")[0]
        return replace(self, path=f"{self.path}{query}", cut=self.cut[len(query) :])

    @property
    def text(self) -> str:
        """Origin and path, without a slash at the end."""
        return f"{self.origin or ''}{self.path}".rstrip("/")


def parse_reference(url: str, base: str = "/") -> Reference:
    """`url` as a reference, a relative one resolved against the path `base` (RFC 3986 section 5.2)."""
    text = url.strip()
    found = _REFERENCE.fullmatch(text)
    if found is None or _UNWRITABLE.search(VARIABLE.sub("x", text)):
        return Reference(fault="it holds what no address may")
    # A base address has no query (n8n appends paths to it), so the query is kept apart.
    scheme, authority, path, query, fragment = found.groups()
    cut = (query or "") + (fragment or "")
    if scheme is not None and (scheme.lower() not in ("http", "https") and not VARIABLE.fullmatch(scheme)):
        return Reference(fault=f"its scheme is {scheme!r}, not http or https")
    if scheme is not None and not authority:
        return Reference(fault="it has no host")
    if authority is not None:
        # RFC 9110, 4.2.4: user information in an http address is deprecated, and would be logged with it.
        if "@" in authority:
            return Reference(fault="it has a user name in it, which belongs into a credential")
        plain = scheme if scheme is None or VARIABLE.fullmatch(scheme) else scheme.lower()
        # What begins with two slashes has the scheme of the place the document came from: that is not told.
        origin = f"{plain or 'https'}://{authority}"
        return Reference(
            origin, resolve_path("/", path), cut, None if _can_be_called(origin) else "it is not an address"
        )
    first = path.split("/")[0]
    if ":" in first and not HOST.fullmatch(first):
        return Reference(fault="it is not an address")
    host = HOST.fullmatch(first)
    if host is not None and (host[1] or "").lower() not in _FILES:
        return Reference(fault="it names a host without https:// in front of it")
    return Reference(None, resolve_path(base, path), cut)


def resolve_path(base: str, path: str) -> str:
    """`path` against `base`, dot segments taken out; empty for the root itself."""
    found = urljoin(_ROOT + base, path)[len(_ROOT) :] if path else base
    return "" if found == "/" else found


def _can_be_called(origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    if not VARIABLE.sub("", authority).strip(":."):
        # A variable may stand for the whole host.
        return True  # all of it is filled in
    try:
        return bool(origin_of(f"{'https' if '{' in scheme else scheme}://{VARIABLE.sub('1', authority)}"))
    except ValueError:
        return False
