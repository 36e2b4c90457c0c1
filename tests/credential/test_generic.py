"""n8n's generic authentication: headers, query, body and basic authentication out of fields."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import Injection
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, DescriptorError
from tests.credential.helpers import field, make_type, send_nothing, session_of

FIELDS = [field("key"), field("name"), field("user"), field("password"), field("region")]
WIRE = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "wire"


def inject(parts: dict[str, Any], **values: Any) -> Injection:
    kind = make_type(properties=FIELDS, authenticate={"type": "generic", "properties": parts})
    return asyncio.run(session_of(kind, values).injection(send_nothing))


def test_headers_query_and_body_see_the_fields() -> None:
    """Templates at any depth, keys among them; `$self` is the same as `$credentials`."""
    injection = inject(
        {
            "headers": {"={{ $credentials.name }}": "=Bearer {{ $credentials.key }}", "X-Fixed": "yes", "X-N": 5},
            "qs": {"key": "={{ $self.key }}", "page": {"size": 10}},
            "body": {"auth": {"key": "={{ $credentials.key }}"}},
        },
        name="X-Key",
        key="k1",
    )
    assert injection.headers == {"X-Key": "Bearer k1", "X-Fixed": "yes", "X-N": "5"}
    assert injection.qs == {"key": "k1", "page": {"size": 10}}
    assert injection.body == {"auth": {"key": "k1"}}
    assert injection.generation == 0


def test_what_is_undefined_is_left_out_and_what_is_empty_stays() -> None:
    """As n8n does."""
    injection = inject(
        {
            "headers": {"X-Gone": "={{ $credentials.region }}", "X-Empty": "={{ $credentials.key }}"},
            "qs": {"gone": "={{ $credentials.region }}", "empty": "={{ $credentials.key }}"},
            "body": {"gone": "={{ $credentials.region }}", "n": None},
        },
        key="",
    )
    assert injection.headers == {"X-Empty": ""}
    assert injection.qs == {"empty": ""}
    assert injection.body == {"n": None}


def test_a_header_that_is_null_or_false_is_none() -> None:
    """As axios has it, and as it is for the headers of a node."""
    given: dict[str, Any] = {"X-F": False, "X-N": None, "X-L": [], "X-C": "={{ false }}"}
    given |= {"X-Z": 0, "X-T": True, "X-E": ""}
    assert inject({"headers": given}).headers == {"X-Z": "0", "X-T": "true", "X-E": ""}


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_basic_authentication_becomes_a_header(user: str, password: str) -> None:
    """RFC 7617 in UTF-8; it replaces an Authorization header."""
    injection = inject(
        {
            "headers": {"authorization": "old"},
            "auth": {"username": "={{ $credentials.user }}", "password": "={{ $credentials.password }}"},
        },
        user=user + "x",
        password=password + "x",
    )
    expected = base64.b64encode(f"{user}x:{password}x".encode()).decode()
    assert injection.headers == {"Authorization": f"Basic {expected}"}


def test_a_value_that_looks_like_a_template_is_sent_as_it_is() -> None:
    """Whatever place it goes to: data is never evaluated."""
    text = "={{ 1 + 1 }}"
    injection = inject(
        {
            "headers": {"X": "={{ $credentials.key }}"},
            "qs": {"={{ $credentials.name }}": "={{ $credentials.key }}"},
            "auth": {"username": "={{ $credentials.key }}", "password": "={{ $credentials.key }}"},
        },
        key=text,
        name="=name",
    )
    basic = base64.b64encode(f"{text}:{text}".encode()).decode()
    assert injection.headers == {"X": text, "Authorization": f"Basic {basic}"}
    assert injection.qs == {"=name": text}


def test_what_stands_where_a_secret_stands_is_masked() -> None:
    """Also when the type does not mark its field; a constant and an ordinary header are not."""
    kind = make_type(
        properties=[field("sesame"), field("region")],
        authenticate={
            "type": "generic",
            "properties": {
                "headers": {
                    "Authorization": "=token {{ $credentials.sesame }}",
                    "X-Auth-Mode": "fixed",
                    "X-Region": "={{ $credentials.region }}",
                },
                "auth": {},
            },
        },
    )
    session = session_of(kind, {"sesame": "open", "region": "north"})
    assert session.secrets == frozenset()
    asyncio.run(session.injection(send_nothing))
    assert set(session.secrets) == {"token open", "open"}


def test_missing_parts_of_basic_authentication_are_empty() -> None:
    """Many services take a key as user name, and nothing else."""
    injection = inject({"auth": {"username": "={{ $credentials.key }}"}}, key="k")
    assert injection.headers == {"Authorization": f"Basic {base64.b64encode(b'k:').decode()}"}


def test_a_header_cannot_carry_a_line_break() -> None:
    """A value cannot change the request's shape; it is not shown either."""
    for value in ("canary-10\r\nX: y", "canary-10\nX: y", "canary-10\x00x"):
        with pytest.raises(CredentialError, match="X-Key") as caught:
            inject({"headers": {"X-Key": "={{ $credentials.key }}"}}, key=value)
        assert "canary" not in str(caught.value)


def test_a_header_name_out_of_a_field_must_be_one() -> None:
    """A space or colon in it would make another header."""
    with pytest.raises(CredentialError, match="name"):
        inject({"headers": {"={{ $credentials.name }}": "x"}}, name="X: y")


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({"__function__": "authenticate"}, "authenticate"),
        ({"type": "oauth1", "properties": {}}, "authenticate.type"),
        ({"type": "generic", "properties": {"cookies": {}}}, "authenticate.properties.cookies"),
        ({"type": "generic", "properties": {"headers": "x"}}, "authenticate.properties.headers"),
        ({"type": "generic", "properties": [1]}, "authenticate.properties.properties"),
    ],
)
def test_another_kind_of_authentication_is_the_types_fault(block: dict[str, Any], path: str) -> None:
    """A JavaScript function cannot be run as data."""
    with pytest.raises(DescriptorError, match="demoApi") as caught:
        session_of(make_type(authenticate=block), {})
    assert caught.value.path == path


def test_a_broken_template_is_the_types_fault() -> None:
    """The place in its document is named."""
    with pytest.raises(DescriptorError) as caught:
        inject({"headers": {"X-Key": "={{ $credentials. }}"}}, key="k")
    assert caught.value.path == "authenticate.properties.headers.X-Key"


def test_without_authenticate_nothing_is_put_on() -> None:
    """Such a type only provides `$credentials`."""
    session = session_of(make_type(properties=FIELDS), {"key": "k"})
    assert asyncio.run(session.injection(send_nothing)) == Injection(open_fields=session.open_fields)
    assert session.values == {"key": "k"}


def test_it_is_computed_once() -> None:
    """Not once an item."""
    kind = make_type(
        properties=FIELDS, authenticate={"type": "generic", "properties": {"headers": {"X": "={{ $credentials.key }}"}}}
    )
    session = session_of(kind, {"key": "k"})

    async def twice() -> bool:
        return await session.injection(send_nothing) is await session.injection(send_nothing)

    assert asyncio.run(twice())
    assert asyncio.run(session.renew(Injection(), send_nothing)) is None


@pytest.mark.slow
@pytest.mark.skipif(not WIRE.is_dir(), reason="the recordings of n8n are not beside this checkout")
def test_the_recorded_credential_types_are_put_on_as_n8n_did() -> None:
    """Every recorded request of a node with a generic credential carries what is made here."""
    checked = 0
    for file in sorted(WIRE.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        types = {
            d["name"]: CredentialType.model_validate(d)
            for d in document["credentials"]
            if (d.get("authenticate") or {}).get("type") == "generic"
        }
        for case in document["cases"]:
            credential = case.get("credential")
            if not credential or credential["type"] not in types or not case["requests"]:
                continue
            session = session_of(types[credential["type"]], credential["data"])
            injection = asyncio.run(session.injection(send_nothing))
            for request in case["requests"]:
                for name, value in injection.headers.items():
                    assert request["headers"].get(name.lower(), "") == value.strip(), (case["id"], name)
                for name, value in injection.qs.items():
                    assert f"{name}={value}" in request["query"], (case["id"], name)
                if request["body"]:
                    for name, value in (injection.body or {}).items():
                        assert json.loads(request["body"])[name] == value
            checked += 1
    assert checked > 50
