"""A host's rules: what they say, and that nothing gets past them to a socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
import trustme

from nodeloom.errors import ConfigurationError, NetworkError, PolicyError, RequestError, UnknownNameError
from nodeloom.messages import Request, Response
from nodeloom.testing import RecordingTransport
from nodeloom.transport import Limits, RetryingSender, RetryPolicy, Sender, Trip, gate
from nodeloom.transport.policy import Policy
from tests.transport.servers import RawServer, answer, refused_port, says, serving, tls_server

LOCAL = Policy(public_only=True, networks=["127.0.0.0/8"])


def sent(request: Request, policy: Policy, transport: httpx.AsyncBaseTransport | None = None) -> Response:
    async def scenario() -> Response:
        sender = Sender(transport, Limits(connect_seconds=5, read_seconds=5), policy=policy)
        try:
            return await sender.send(request)
        finally:
            await sender.aclose()

    return asyncio.run(scenario())


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names resolve to: the answers in turn, the last one from then on. Everything else asks the system."""
    table: dict[str, list[list[str]]] = {}
    system = gate.resolve

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in table:
            return await system(host, port)
        answers = table[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    defaults = gate.Gate.__init__.__kwdefaults__ or {}
    monkeypatch.setattr(gate.Gate.__init__, "__kwdefaults__", {**defaults, "resolve": resolve})
    return table


# -- what a policy is -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"hosts": "api.example.com"}, "hosts"),
        ({"hosts": ["https://api.example.com"]}, "hosts"),
        ({"hosts": ["*"]}, "hosts"),
        ({"hosts": ["a.*.example.com"]}, "hosts"),
        ({"hosts": ["user@host"]}, "hosts"),
        ({"hosts": ["host:0"]}, "hosts"),
        ({"hosts": ["host:99999"]}, "hosts"),
        ({"hosts": [""]}, "hosts"),
        ({"public_only": "yes"}, "public_only"),
        ({"networks": ["10.0.0.0/8"]}, "networks"),
        ({"public_only": True, "networks": ["10.0.0.1/8"]}, "networks"),
        ({"methods": ["GET POST"]}, "methods"),
        ({"methods": [1]}, "methods"),
        ({"proxies": ["proxy:3128"]}, "proxies"),
        ({"proxies": None}, "proxies"),
        ({"max_request_bytes": 0}, "max_request_bytes"),
        ({"max_items": True}, "max_items"),
        ({"max_pages": 1.5}, "max_pages"),
    ],
)
def test_a_rule_that_is_none_is_named(rules: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy.from_dict(rules)
    assert caught.value.property == named
    assert caught.value.hint


def test_a_policy_is_json() -> None:
    rules = {"hosts": ["PBX.example.com:5001"], "public_only": True, "networks": ["10.0.0.0/8"], "methods": ["get"]}
    policy = Policy.from_dict(rules)
    assert policy == Policy(
        hosts=("pbx.example.com:5001",), public_only=True, networks=("10.0.0.0/8",), methods=("GET",)
    )
    assert Policy.from_dict(policy.to_dict()) == policy
    with pytest.raises(UnknownNameError, match="public_onyl") as caught:
        Policy.from_dict({"public_onyl": True})
    assert caught.value.details["nearest"] == "public_only"


# -- rules that need no address -------------------------------------------------------------------------------------

GET = Request("GET", "https://api.example.com/x")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "request_", "rule"),
    [
        (Policy(hosts=["other.example.com"]), GET, "hosts"),
        (Policy(hosts=[]), GET, "hosts"),
        (Policy(hosts=["api.example.com:8443"]), GET, "hosts"),
        (Policy(hosts=["*.api.example.com"]), GET, "hosts"),
        (Policy(hosts=["example.com"]), GET, "hosts"),
        (Policy(hosts=["*.example.com"]), Request("GET", "https://evilexample.com/"), "hosts"),
        (Policy(hosts=["*.example.com"]), Request("GET", "https://example.com/"), "hosts"),
        (Policy(hosts=["127.0.0.1"]), Request("GET", "http://2130706433/"), "hosts"),
        (Policy(hosts=["[::1]"]), Request("GET", "http://[::ffff:127.0.0.1]/"), "hosts"),
        (Policy(methods=["GET", "HEAD"]), Request("DELETE", GET.url), "methods"),
        (Policy(https_only=True), Request("GET", "http://api.example.com/"), "https_only"),
        (Policy(max_request_bytes=3), Request("POST", GET.url, body=b"1234"), "max_request_bytes"),
        (Policy(), Request("GET", GET.url, verify=False), "unverified_tls"),
        (Policy(), Request("GET", GET.url, proxy="http://proxy.example.com:3128"), "proxies"),
        (Policy(proxies=["http://p:1"]), Request("GET", GET.url, proxy="http://p:2"), "proxies"),
    ],
)
def test_a_request_that_breaks_a_rule_is_not_sent(policy: Policy, request_: Request, rule: str) -> None:
    transport = RecordingTransport()
    with pytest.raises(PolicyError) as caught:
        sent(request_, policy, transport)
    assert caught.value.details["rule"] == rule
    assert rule in str(caught.value.hint)
    assert transport.requests == []


@pytest.mark.parametrize(
    ("policy", "request_"),
    [
        (Policy(hosts=["api.example.com"]), GET),
        (Policy(hosts=["API.example.com:443"]), GET),
        (Policy(hosts=["*.example.com"]), Request("GET", "https://a.b.example.com:8443/")),
        (Policy(hosts=["[2001:db8::1]:8443"]), Request("GET", "https://[2001:db8::1]:8443/")),
        (Policy(methods=["get"]), GET),
        (Policy(https_only=True, max_request_bytes=4), Request("POST", GET.url, body=b"1234")),
        (Policy(unverified_tls=True), Request("GET", GET.url, verify=False)),
        (Policy(proxies=["http://p:1"]), Request("GET", GET.url, proxy="http://p:1/")),
    ],
)
def test_a_request_that_keeps_them_is(policy: Policy, request_: Request) -> None:
    transport = RecordingTransport()
    sent(request_, policy, transport)
    assert len(transport.requests) == 1


def test_a_redirect_is_held_to_the_policy_too() -> None:
    with (
        serving(says(answer("200 OK"))) as elsewhere,
        serving(says(answer("302 Found", b"", f"Location: {elsewhere.url}/x"))) as home,
        pytest.raises(PolicyError, match=f"the host 127.0.0.1:{elsewhere.port}"),
    ):
        sent(Request("GET", home.url), Policy(hosts=[f"127.0.0.1:{home.port}"]))
    assert len(home.heads) == 1
    assert elsewhere.heads == []


def test_a_refusal_is_not_repeated() -> None:
    calls = 0

    async def scenario() -> None:
        sender = Sender(RecordingTransport(), policy=Policy(hosts=[]))

        async def send(request: Request, _trip: Trip) -> Response:
            nonlocal calls
            calls += 1
            return await sender.send(request)

        await RetryingSender(send, RetryPolicy(retries=5, base_seconds=0)).send(GET, Trip.none())

    with pytest.raises(PolicyError):
        asyncio.run(scenario())
    assert calls == 1
    assert not issubclass(PolicyError, RequestError)


# -- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_this_machine_is_not_called_whatever_it_is_called(host: str) -> None:
    with serving(says(answer("200 OK", b"internal"))) as server, pytest.raises((PolicyError, NetworkError)) as caught:
        sent(Request("GET", f"http://{host}:{server.port}/"), Policy(public_only=True))
    assert server.heads == []
    # Some systems' resolvers take odd notations for names that do not exist.
    assert isinstance(caught.value, PolicyError) or host in ("0x7f.1", "2130706433", "0177.0.0.1", "127.1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%lo"]
)
def test_a_name_is_judged_by_what_it_resolves_to(address: str, names: dict[str, list[list[str]]]) -> None:
    names["internal.example.com"] = [[address]]
    with pytest.raises(PolicyError, match=r"internal\.example\.com, whose address is not public"):
        sent(Request("GET", "http://internal.example.com/"), Policy(public_only=True))


def test_networks_are_allowed_besides(names: dict[str, list[list[str]]]) -> None:
    with serving(says(answer("200 OK", b"here"))) as server:
        names["pbx.example.com"] = [["10.0.0.1", "127.0.0.1"]]
        response = sent(Request("GET", f"http://pbx.example.com:{server.port}/x?y='1'"), LOCAL)
    assert response.body == b"here"
    assert response.url == f"http://pbx.example.com:{server.port}/x?y='1'"
    (head,) = server.heads
    assert head.startswith(b"GET /x?y='1' HTTP/1.1")
    assert f"Host: pbx.example.com:{server.port}".lower().encode() in head.lower()


def test_what_was_checked_is_what_is_connected_to(names: dict[str, list[list[str]]]) -> None:
    """A name that changes its mind between the check and the connection (rebinding): there is one look-up only."""
    with serving(says(answer("200 OK", b"internal"))) as server:
        names["rebinding.example.com"] = [["192.88.99.77"], ["127.0.0.1"]]
        policy = Policy(public_only=True, networks=["192.88.99.0/24"])
        with pytest.raises(RequestError):
            sent(Request("GET", f"http://rebinding.example.com:{server.port}/", timeout=1), policy)
    assert server.heads == []


def test_a_redirect_to_this_machine_is_refused(names: dict[str, list[list[str]]]) -> None:
    with serving(says(answer("200 OK", b"internal"))) as internal:
        names["metadata.example.com"] = [["127.0.0.2"]]
        policy = Policy(public_only=True, networks=["127.0.0.1/32"])
        location = f"Location: http://metadata.example.com:{internal.port}/"
        home_page = serving(says(answer("302 Found", b"", location)))
        with home_page as home, pytest.raises(PolicyError, match="whose address is not public"):
            sent(Request("GET", home.url), policy)
    assert internal.heads == []


def test_the_next_address_is_tried_when_one_refuses(names: dict[str, list[list[str]]]) -> None:
    with serving(says(answer("200 OK", b"second"))) as server:
        names["two.example.com"] = [["127.0.0.9", "127.0.0.1"]]
        assert sent(Request("POST", f"http://two.example.com:{server.port}/"), LOCAL).body == b"second"
    assert len(server.heads) == 1


def test_a_name_without_an_address_is_no_connection(names: dict[str, list[list[str]]]) -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def scenario() -> None:
        await gate.Gate(LOCAL, resolve=unknown).addresses(Request("GET", "http://nowhere.example.com/"))

    with pytest.raises(NetworkError, match="Name or service not known") as caught:
        asyncio.run(scenario())
    assert caught.value.details["sent"] == "no"


def test_a_refused_connection_says_so(names: dict[str, list[list[str]]]) -> None:
    names["down.example.com"] = [["127.0.0.1"]]
    with pytest.raises(NetworkError, match=r"No connection to http://down\.example\.com") as caught:
        sent(Request("GET", f"http://down.example.com:{refused_port()}/"), LOCAL)
    assert caught.value.details["sent"] == "no"


def test_names_are_looked_up_again_after_a_while() -> None:
    now, asked = [0.0], []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["8.8.8.8"]

    async def scenario() -> None:
        holding = gate.Gate(Policy(public_only=True), resolve=resolve, clock=lambda: now[0])
        for at in (0.0, 29.0, 31.0):
            now[0] = at
            assert await holding.addresses(GET) == ("8.8.8.8",)

    asyncio.run(scenario())
    assert asked == ["api.example.com"] * 2


def test_a_transport_that_was_given_is_judged_by_what_names_resolve_to_here(names: dict[str, list[list[str]]]) -> None:
    """What it connects to only it knows; a name it alone can resolve is its own to judge."""
    transport = RecordingTransport()
    names["internal.example.com"], names["public.example.com"] = [["127.0.0.1"]], [["8.8.8.8"]]
    with pytest.raises(PolicyError):
        sent(Request("GET", "http://internal.example.com/"), Policy(public_only=True), transport)
    with pytest.raises(PolicyError):
        sent(Request("GET", "http://127.0.0.1/"), Policy(public_only=True), transport)
    sent(Request("GET", "http://public.example.com/"), Policy(public_only=True), transport)
    assert [request.url.host for request in transport.requests] == ["public.example.com"]


# -- TLS to an address that was checked -----------------------------------------------------------------------------


def test_the_certificate_is_checked_against_the_name(
    names: dict[str, list[list[str]]], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is what TLS is told (SNI) and what the certificate must be for, not the address."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    names["good.example.com"] = names["bad.example.com"] = [["127.0.0.1"]]
    context = tls_server(authority, "good.example.com")
    told: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: told.append(name)
    with serving(says(answer("200 OK", b"secret")), context) as server:
        assert sent(Request("GET", f"https://good.example.com:{server.port}/"), LOCAL).body == b"secret"
        with pytest.raises(NetworkError, match="was refused"):
            sent(Request("GET", f"https://bad.example.com:{server.port}/"), LOCAL)
    assert told[0] == "good.example.com"
    assert len(server.heads) == 1


@pytest.mark.slow
def test_hosts_at_one_address_share_no_connection(
    names: dict[str, list[list[str]]], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection whose certificate is one host's is not used for another, also where both have one address."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    names["good.example.com"] = names["bad.example.com"] = [["127.0.0.1"]]

    def keeping(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        # Whoever reused the connection would be read here.
        connection.settimeout(1)
        reused.append(connection.recv(65536))

    reused: list[bytes] = []

    async def scenario(server: RawServer) -> None:
        sender = Sender(limits=Limits(connect_seconds=5, read_seconds=5), policy=LOCAL)
        try:
            await sender.send(Request("GET", f"https://good.example.com:{server.port}/"))
            with pytest.raises(RequestError):
                await sender.send(Request("GET", f"https://bad.example.com:{server.port}/", timeout=3))
        finally:
            await sender.aclose()

    with serving(keeping, tls_server(authority, "good.example.com")) as server:
        asyncio.run(scenario(server))
    assert len(server.heads) == 1
    assert b"bad.example.com" not in b"".join(reused)
