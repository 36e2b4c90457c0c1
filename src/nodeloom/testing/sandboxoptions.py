"""What a sandbox can be told: how much it holds, how slow and how faulty it is, how its tokens behave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from nodeloom.errors import ParameterError, UnknownNameError


@dataclass(frozen=True)
class SandboxOptions:
    """Options of `ThreeCXSandbox`, checked: a value out of bounds raises ParameterError.

    Faults hit calls of the API, by chance but reproducibly: the same `seed` and the same requests give the same
    faults, in any order in which concurrent requests arrive. A 429 or 500 means that the call was not carried out; of
    the dropped connections half are dropped before the request was carried out and half after.
    """

    links: int = 0
    """How many links to begin with: `link-1` … `link-N`."""
    link_names: Sequence[str] = ()
    """Links of these names besides."""
    entities: int = 3
    """How many synthetic entities every other set begins with."""
    port: int = 0
    """The TCP port on 127.0.0.1; 0 takes a free one."""
    latency: float = 0.0
    """Seconds before every answer."""
    jitter: float = 0.0
    """At most this many seconds more, evenly distributed."""
    rate_429: float = 0.0
    """Probability, 0 to 1, that a call is answered 429."""
    rate_500: float = 0.0
    """Probability that a call is answered 500."""
    rate_drop: float = 0.0
    """Probability that the connection is closed without an answer."""
    fault_token: bool = False
    """Whether faults hit /connect/token too."""
    seed: int = 0
    """Decides which calls the faults hit."""
    retry_after: int | None = 1
    """Seconds in the Retry-After header of a 429; None sends no such header."""
    limit_per_second: int | None = None
    """At most this many calls in any one second, further ones are answered 429; None: no limit."""
    top_cap: int | None = 100
    """The highest `$top`; above it 400. None: no cap."""
    expires_in_unit: Literal["seconds", "minutes"] = "seconds"
    """The unit of `expires_in`: seconds as 3CX 20.0.9 and later, minutes as before."""
    token_lifetime: float = 3600.0
    """Seconds a token is good."""
    token_format: Literal["opaque", "jwt"] = "opaque"  # noqa: S105 - a format, no password
    """What a token is: random text, or a JWT that tells its `exp`."""
    access_token: str | None = None
    """A bearer that is good besides the token issued."""
    client_id: str = "sandbox"
    """The client the token endpoint knows."""
    client_secret: str | None = None
    """Its secret; None makes one up."""
    version: str = "20.0.10"
    """What the header X-3CX-Version says."""
    log_size: int = 100_000
    """How many requests the log holds; the oldest go first."""
    max_body: int = 16 * 2**20
    """The largest request body, in bytes; above it 413."""

    def __post_init__(self) -> None:
        for name in ("rate_429", "rate_500", "rate_drop"):
            _require(0.0 <= getattr(self, name) <= 1.0, name, getattr(self, name), "a probability between 0 and 1")
        total = self.rate_429 + self.rate_500 + self.rate_drop
        _require(total <= 1.0, "rate_429 + rate_500 + rate_drop", total, "at most 1 together")
        for name in ("links", "entities", "latency", "jitter", "log_size", "max_body"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "zero or more")
        for name in ("retry_after", "top_cap"):
            value = getattr(self, name)
            _require(value is None or value >= 0, name, value, "zero or more, or None")
        limit = self.limit_per_second
        _require(limit is None or limit > 0, "limit_per_second", limit, "one or more, or None")
        _require(self.token_lifetime > 0, "token_lifetime", self.token_lifetime, "more than zero seconds")
        _require(0 <= self.port <= 65535, "port", self.port, "a TCP port, 0 to 65535")
        # A text is a sequence of texts: each of its letters would become a link.
        _require(not isinstance(self.link_names, str), "link_names", self.link_names, "a list of names, not one text")
        _one_of("expires_in_unit", self.expires_in_unit, ("seconds", "minutes"))
        _one_of("token_format", self.token_format, ("opaque", "jwt"))

    @classmethod
    def of(cls, **options: Any) -> SandboxOptions:
        """The options by name; raises UnknownNameError with the nearest name for a typo."""
        known = [f.name for f in fields(cls)]
        for name in options:
            if name not in known:
                raise UnknownNameError("sandbox option", name, known)
        return cls(**options)


def _require(fits: bool, name: str, value: object, wanted: str) -> None:
    if not fits:
        raise ParameterError(f"The sandbox option {name} must be {wanted}.", property=name, value=value)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UnknownNameError(f"value of {name}", value, known)
