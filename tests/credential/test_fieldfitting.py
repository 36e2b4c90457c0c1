"""Fields are checked against the type before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, DescriptorError
from nodeloom.messages import origin_of
from tests.credential.helpers import field, make_type, session_of, three_cx_type

THREE_CX = three_cx_type()
SECRET = {"clientId": "me", "clientSecret": "sesame"}


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("https://pbx.example.com:5001", "https://pbx.example.com:5001"),
        ("https://pbx.example.com:5001/", "https://pbx.example.com:5001"),
        (" https://pbx.example.com:5001/xapi/v1 ", "https://pbx.example.com:5001"),
        ("https://pbx.example.com:5001/xapi/v1//", "https://pbx.example.com:5001"),
        ("HTTPS://pbx.example.com/XAPI/V1/", "https://pbx.example.com"),
        ("https://proxy.example.com/pbx/xapi/v1", "https://proxy.example.com/pbx"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ],
)
def test_a_server_url_is_understood_as_people_type_it(typed: str, used: str) -> None:
    """A slash at the end, `/xapi/v1`, space around it."""
    session = session_of(THREE_CX, {"serverUrl": typed, **SECRET})
    assert session.values["serverUrl"] == used
    assert session.origins == {origin_of(used)}


@pytest.mark.slow
@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,2}(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,5}){0,2}", fullmatch=True),
    st.sampled_from(["", "/", "/xapi/v1", "/xapi/v1/", "//"]),
)
def test_normalising_twice_is_normalising_once(rest: str, end: str) -> None:
    """What is stored is read again."""
    once = session_of(THREE_CX, {"serverUrl": f"https://{rest}{end}", **SECRET}).values["serverUrl"]
    assert session_of(THREE_CX, {"serverUrl": once, **SECRET}).values["serverUrl"] == once
    assert not once.endswith("/")


@pytest.mark.parametrize(
    ("typed", "said", "hint"),
    [
        ("pbx.example.com:5001", "not an absolute address", "https://pbx.example.com:5001?"),
        ("pbx.example.com/", "not an absolute address", "https://pbx.example.com/?"),
        ("ftp://pbx.example.com", "not an absolute http or https address", "https://pbx"),
        ("https://", "not an absolute http", "https://pbx"),
        ("https://pbx:99999", "not an absolute http", "https://pbx"),
        ("https://me:canary-7@pbx", "user name or password", "fields of their own"),
        ("https://pbx?x=canary-7", "query or fragment", "https://pbx"),
        ("https://pbx/#/login", "query or fragment", "https://pbx"),
        ("https://pbx example", "space", "https://pbx"),
        ("https:\\\\pbx", "backslash", "https://pbx"),
        ("canary7canary7canary7canary7", "not an absolute address", "https://pbx"),
    ],
)
def test_another_address_is_refused_with_what_to_write(typed: str, said: str, hint: str) -> None:
    """The offending text is shown only where it can hold no secret."""
    with pytest.raises(CredentialError, match=said) as caught:
        session_of(THREE_CX, {"serverUrl": typed, **SECRET})
    assert hint in (caught.value.hint or "")
    assert "canary" not in str(caught.value)


def test_an_unknown_field_brings_the_nearest() -> None:
    """A typo would otherwise be a missing field."""
    with pytest.raises(CredentialError, match="'serverURI'") as caught:
        session_of(THREE_CX, {"serverURI": "https://pbx", **SECRET})
    assert "'serverUrl'" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, ["serverUrl", "clientId", "clientSecret"]),
        ({"accessToken": "t"}, ["serverUrl"]),
        ({"serverUrl": "https://pbx"}, ["clientId", "clientSecret"]),
        ({"serverUrl": "https://pbx", "clientId": "me"}, ["clientSecret"]),
        ({"serverUrl": "https://pbx", "clientId": "me", "clientSecret": ""}, ["clientSecret"]),
        ({"serverUrl": "https://pbx", "clientSecret": "sesame"}, ["clientId"]),
    ],
)
def test_what_is_missing_is_named(values: dict[str, Any], missing: list[str]) -> None:
    """By the set that is nearest to complete; the hint tells all of them."""
    with pytest.raises(CredentialError, match="lacks") as caught:
        session_of(THREE_CX, values)
    assert caught.value.details["missing"] == missing
    assert "serverUrl + accessToken" in (caught.value.hint or "")


def test_missing_fields_of_the_environment_are_named_as_variables() -> None:
    """That is where they are to be set."""
    with pytest.raises(CredentialError) as caught:
        session_of(THREE_CX, {"SERVERURL": "https://pbx", "CLIENTID": "me"}, source="environment")
    assert "NODELOOM_CREDENTIAL_THREECXAPI__CLIENTSECRET" in (caught.value.hint or "")


def test_text_becomes_what_its_field_is() -> None:
    """The environment and the command line have text only; TOML may write a number where text is meant."""
    kind = make_type(
        properties=[field("on", type="boolean"), field("n", type="number"), field("id"), field("key"), field("list")]
    )
    values = session_of(kind, {"on": "true", "n": "4.5", "id": 12345, "key": "line\n"}).values
    assert dict(values) == {"on": True, "n": 4.5, "id": "12345", "key": "line"}
    pem = "-----BEGIN\nabc\n-----END\n"
    assert session_of(kind, {"key": pem}).values["key"] == pem
    wrong: list[dict[str, Any]] = [{"on": "canary-8"}, {"n": "canary-8"}, {"id": {"x": "canary-8"}}, {"id": "\udcff"}]
    for values in wrong:
        with pytest.raises(CredentialError, match="must be") as caught:
            session_of(kind, values)
        assert "canary" not in str(caught.value)


def test_defaults_fill_visible_fields_and_may_be_expressions() -> None:
    """n8n shows them in `$credentials`; an expression sees the other fields as `$self`."""
    kind = make_type(
        properties=[
            field("tenant", default="common"),
            field("authUrl", type="hidden", default='=https://login/{{ $self["tenant"] }}/auth'),
            field("own", type="boolean", default=False),
            field("url", default="https://x", displayOptions={"show": {"own": [True]}}),
        ]
    )
    assert dict(session_of(kind, {}).values) == {
        "tenant": "common",
        "own": False,
        "authUrl": "https://login/common/auth",
    }
    shown = session_of(kind, {"tenant": "acme", "own": True}).values
    assert (shown["authUrl"], shown["url"]) == ("https://login/acme/auth", "https://x")


def test_a_field_that_is_not_visible_is_not_required() -> None:
    """`displayOptions` decide about required fields as well."""
    kind = make_type(
        properties=[
            field("own", type="boolean", default=False),
            field("host", required=True, displayOptions={"show": {"own": [True]}}),
        ]
    )
    assert session_of(kind, {}).values == {"own": False}
    with pytest.raises(CredentialError, match="lacks host"):
        session_of(kind, {"own": True})


def test_a_given_value_is_never_an_expression() -> None:
    """A secret may begin with `=`; data is not evaluated."""
    kind = make_type(properties=[field("key", default="=1")])
    assert session_of(kind, {"key": "={{ 1 + 1 }}"}).values["key"] == "={{ 1 + 1 }}"


def test_a_broken_default_is_the_types_fault() -> None:
    """Its author is to mend it."""
    kind = make_type(properties=[field("key", default="={{ 1 + }}")])
    with pytest.raises(DescriptorError, match="demoApi") as caught:
        session_of(kind, {})
    assert caught.value.path == "properties.key.default"


def test_what_n8n_keeps_beside_the_fields_is_let_pass() -> None:
    """A credential exported from n8n carries these."""
    kind = make_type(properties=[field("key")])
    session = session_of(kind, {"key": "k", "allowedDomains": "a.com", "oauthTokenData": {"access_token": "canary-9"}})
    assert "canary-9" in session.secrets
    assert "a.com" not in session.secrets


def test_secret_fields_are_those_marked_and_those_named_so() -> None:
    """Many types forget `typeOptions.password`."""
    names = ["marked", "apiKey", "userToken", "client_secret", "tokenUrl", "region", "accessTokenUrl"]
    properties = [field(name) for name in names]
    properties[0]["typeOptions"] = {"password": True}
    session = session_of(make_type(properties=properties), {name: f"value-{name}" for name in names})
    assert set(session.secrets) == {"value-marked", "value-apiKey", "value-userToken", "value-client_secret"}


def test_a_stored_credential_of_another_type_is_refused(three_cx: CredentialType) -> None:
    """Its secret belongs to another service."""
    from nodeloom.credential import CredentialSession, StoredCredential

    with pytest.raises(CredentialError, match="of type 'otherApi', not 'threeCxApi'"):
        CredentialSession(three_cx, StoredCredential("crm", "otherApi", {}, "given"))


def test_what_is_hidden_has_no_value() -> None:
    """As in n8n, where a field keeps what was typed before another one hid it."""
    kind = make_type(
        properties=[
            field("way", default="key"),
            field("key", displayOptions={"show": {"way": ["key"]}}),
            field("user", displayOptions={"show": {"way": ["basic"]}}),
        ],
        authenticate={"type": "generic", "properties": {"headers": {"X-User": "={{ $credentials.user }}"}}},
    )
    assert dict(session_of(kind, {"key": "k", "user": "stale"}).values) == {"way": "key", "key": "k"}
    assert dict(session_of(kind, {"way": "basic", "key": "stale", "user": "u"}).values) == {"way": "basic", "user": "u"}


@pytest.mark.parametrize(
    ("suffix", "typed", "used"),
    [
        # A path that looks like a host is not taken off a host.
        ("/api.example.com/v2", "https://api.example.com/v2", "https://api.example.com/v2"),
        ("/api.example.com", "https://api.example.com", "https://api.example.com"),
        ("/v2", "https://api.example.com/v2/", "https://api.example.com"),
        ("/v2/", "https://api.example.com/x/v2", "https://api.example.com/x"),
        (":8443/v2", "https://api.example.com:8443/v2", "https://api.example.com:8443/v2"),
    ],
)
def test_only_a_path_is_taken_off_an_address(suffix: str, typed: str, used: str) -> None:
    url = field("serverUrl", typeOptions={"url": True, "stripSuffixes": [suffix]})
    assert session_of(make_type(properties=[url]), {"serverUrl": typed}).values["serverUrl"] == used


REGION = field("region", default="eu")
WORKED_OUT = field("serverUrl", default="=https://{{ $self.region }}.example.com/", typeOptions={"url": True})
TOKEN = field("tokenUrl", default="={{ $credentials.serverUrl }}/token", type="hidden")


@pytest.mark.parametrize("fields", [(TOKEN, REGION, WORKED_OUT), (WORKED_OUT, TOKEN, REGION)], ids=range(2))
@pytest.mark.parametrize(
    ("given_", "server"),
    [
        ({}, "https://eu.example.com"),
        ({"region": "us"}, "https://us.example.com"),
        ({"region": "us", "serverUrl": ""}, "https://us.example.com"),
        ({"serverUrl": "https://own.example.com/"}, "https://own.example.com"),
    ],
)
def test_an_address_may_be_made_of_other_fields_wherever_they_stand(
    fields: tuple[Any, ...], given_: dict[str, str], server: str
) -> None:
    session = session_of(make_type(properties=list(fields)), given_)
    assert session.values["serverUrl"] == server
    assert session.values["tokenUrl"] == f"{server}/token"
    assert session.origins == {origin_of(server)}


@pytest.mark.parametrize("region", ["a b", "x@evil.test/", "eu.example.com:port", "\\"])
def test_an_address_that_other_fields_make_no_address_of_is_an_error_of_the_credential(region: str) -> None:
    with pytest.raises(CredentialError):
        session_of(make_type(properties=[REGION, WORKED_OUT]), {"region": region})
