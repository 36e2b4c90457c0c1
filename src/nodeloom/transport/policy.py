"""What the requests of a runtime may do at most: a host's rules for descriptors and parameters that others wrote."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NoReturn

from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.headerfields import is_token
from nodeloom.messages import origin_of
from nodeloom.values import Json, JsonObject

_HOST = re.compile(r"(?:\*\.)?(?:[^\s/?#@:\[\]*\\]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Bounds of every request of a runtime, redirects, token requests and tests of credentials among them.

    A request that breaks a rule is not sent; its item fails with a PolicyError. Every field is JSON, so that a host can
    keep a policy in its settings: `Policy.from_dict(json)`. Raises ConfigurationError for a field that is none.

    Args:
        hosts: the only hosts that may be called: `api.example.com` (any port), `pbx.example.com:5001`,
            `*.example.com` (every name below, not itself), `[2001:db8::1]:8443`; None for any.
        public_only: refuse addresses that are private, loopback, link-local, multicast, reserved or unspecified, after
            the name was resolved, and connect to no other address than the one that was checked. Addresses that wrap
            an IPv4 one (mapped, NAT64, 6to4) count as that.
        networks: networks that may be called besides public ones, such as `10.20.0.0/16`; only with `public_only`.
        methods: the only methods that may be used; None for any.
        https_only: refuse requests that are not encrypted.
        unverified_tls: whether a credential, a parameter or a descriptor may switch off that certificates are checked.
        proxies: addresses of the proxies that a parameter may name. A proxy resolves names for itself, so that with
            one `public_only` holds only as far as this machine resolves them the same.
        max_request_bytes: the largest body that is sent.
        max_answer_bytes: the largest answer that is read, after decompression; the runtime's own bound holds too.
        max_answer_values: the most values in an answer that are read; the runtime's own bound holds too.
        max_pages: how many pages are read for one item.
        max_items: how many items the answers to one item may become.

    A transport that was given alone knows what it connects to: there `public_only` looks at what the
    host's name resolves to here, and everything else holds as it does elsewhere.
    """

    hosts: Sequence[str] | None = None
    public_only: bool = False
    networks: Sequence[str] = ()
    methods: Sequence[str] | None = None
    https_only: bool = False
    unverified_tls: bool = False
    proxies: Sequence[str] = ()
    max_request_bytes: int | None = None
    max_answer_bytes: int | None = None
    max_answer_values: int | None = None
    max_pages: int | None = None
    max_items: int | None = None

    def __post_init__(self) -> None:
        for name in ("public_only", "https_only", "unverified_tls"):
            if not isinstance(getattr(self, name), bool):
                _refuse(name, getattr(self, name), "true or false")
        for name in ("max_request_bytes", "max_answer_bytes", "max_answer_values", "max_pages", "max_items"):
            number = getattr(self, name)
            if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
                _refuse(name, number, "a whole number from 1, or None")
        # Lists out of JSON become tuples, so that a policy stays as it was checked.
        for name in ("hosts", "networks", "methods", "proxies"):
            given = getattr(self, name)
            if given is None and name in ("hosts", "methods"):
                continue
            if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(e, str) for e in given):
                _refuse(name, given, "a list of texts")
            object.__setattr__(self, name, tuple(given))
        self._check_entries()

    @classmethod
    def from_dict(cls, values: Mapping[str, Json]) -> Policy:
        """The policy that a JSON object says. Raises UnknownNameError for an unknown rule, ConfigurationError."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownNameError("rule", str(name), known, within="a policy")
        return cls(**values)

    @property
    def destinations(self) -> tuple[Hashable, ...] | None:
        """The rules that say which servers may be called; None if any may."""
        if self.hosts is None and not self.public_only and not self.https_only:
            return None
        return tuple(self.hosts or ()), self.hosts is None, self.public_only, tuple(self.networks), self.https_only

    def to_dict(self) -> JsonObject:
        """The policy as JSON, for `from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def _check_entries(self) -> None:
        hosts = tuple(host.lower() for host in self.hosts) if self.hosts is not None else None
        for host in hosts or ():
            match = _HOST.fullmatch(host)
            if match is None or (match["port"] is not None and not 0 < int(match["port"]) < 65536):
                _refuse("hosts", host, "hosts such as api.example.com, *.example.com or pbx.example.com:5001")
        object.__setattr__(self, "hosts", hosts)
        for method in self.methods or ():
            if not is_token(method):
                _refuse("methods", method, "methods such as GET")
        if self.methods is not None:
            object.__setattr__(self, "methods", tuple(method.upper() for method in self.methods))
        if self.networks and not self.public_only:
            _refuse("networks", self.networks, "used with public_only: without it every address may be called")
        for network in self.networks:
            self._check_network(network)
        for proxy in self.proxies:
            try:
                origin_of(proxy)
            except ValueError:
                _refuse("proxies", proxy, "addresses such as http://proxy.example.com:3128")

    def _check_network(self, network: str) -> None:
        import ipaddress  # here, since few runtimes have a policy

        try:
            ipaddress.ip_network(network)
        except ValueError as fault:
            _refuse("networks", network, f"networks such as 10.20.0.0/16 ({fault})")


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    raise ConfigurationError(
        f"{name} of a policy must be {wanted}.", property=name, value=value, hint=f"Give {wanted}."
    )
