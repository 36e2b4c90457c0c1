"""`extends`: what a credential type takes over from others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import inherited
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, DescriptorError
from tests.credential.helpers import ROOT, field, make_type, session_of

OAUTH2 = CredentialType.model_validate(read_json(ROOT / "credentials" / "oAuth2Api.json"))


def types(**documents: dict[str, Any]) -> dict[str, CredentialType]:
    return {name: make_type(name=name, **document) for name, document in documents.items()}


def names(kind: CredentialType) -> list[str]:
    return [prop.name for prop in kind.properties]


def test_a_type_that_extends_nothing_stays_as_it_is() -> None:
    """The same object."""
    kind = make_type(properties=[field("key")])
    assert inherited(kind, {}) is kind


def test_own_properties_stand_in_the_place_of_inherited_ones() -> None:
    """n8n's rule: parents' first, in their order; own ones of other names at the end; all of one name together."""
    known = types(
        base={"properties": [field("a"), field("b", default="base"), field("b", default="base too"), field("c")]},
        kind={
            "extends": ["base"],
            "properties": [field("d"), field("b", default="1"), field("b", default="2"), field("a", type="hidden")],
        },
    )
    kind = inherited(known["kind"], known)
    assert names(kind) == ["a", "b", "b", "c", "d"]
    assert [prop.default for prop in kind.properties[1:3]] == ["1", "2"]
    assert kind.properties[0].type == "hidden"
    assert kind.extends is None
    assert kind.name == "kind"


def test_chains_and_several_parents() -> None:
    """A later parent goes over an earlier one; what is marked `doNotInherit` stays where it is."""
    known = types(
        first={"properties": [field("a", default="1"), field("own", doNotInherit=True)], "documentationUrl": "x"},
        second={"extends": ["first"], "properties": [field("b", default="2")]},
        third={"properties": [field("b", default="3")]},
        kind={"extends": ["second", "third"]},
    )
    kind = inherited(known["kind"], known)
    assert [(prop.name, prop.default) for prop in kind.properties] == [("a", "1"), ("b", "3")]
    assert kind.documentation_url is None


@pytest.mark.parametrize("part", ["authenticate", "test", "token", "requireOneOf"])
def test_what_is_no_list_is_inherited_whole(part: str) -> None:
    """An own one counts alone, without one the last parent's."""
    values: dict[str, tuple[Any, Any]] = {
        "authenticate": (
            {"type": "generic", "properties": {"qs": {"a": "1"}}},
            {"type": "generic", "properties": {"headers": {"b": "2"}}},
        ),
        "test": ({"request": {"url": "https://a"}}, {"request": {"url": "https://b"}}),
        "token": (
            {"accessTokenUrl": "https://a", "clientId": "a", "clientSecret": "a"},
            {"accessTokenUrl": "https://b", "clientId": "b", "clientSecret": "b"},
        ),
        "requireOneOf": ([["a"]], [["b"]]),
    }
    a, b = values[part]
    known = types(a={part: a}, b={part: b}, neither={}, inheriting={"extends": ["a", "b", "neither"]})
    known |= types(own={"extends": ["b"], part: a})
    key = {"requireOneOf": "require_one_of"}.get(part, part)
    assert getattr(inherited(known["inheriting"], known), key) == getattr(known["b"], key)
    assert getattr(inherited(known["own"], known), key) == getattr(known["a"], key)


def test_an_unknown_parent_brings_the_nearest() -> None:
    """With the place in the document."""
    kind = make_type(extends=["oAuth2Ap"])
    with pytest.raises(DescriptorError, match="'oAuth2Ap'") as caught:
        inherited(kind, {"oAuth2Api": OAUTH2})
    assert caught.value.path == "extends[0]"
    assert "'oAuth2Api'" in (caught.value.hint or "")
    with pytest.raises(DescriptorError, match="there is no credential type"):
        inherited(kind, {})


@given(st.integers(1, 5))
def test_types_that_extend_each_other_are_refused(length: int) -> None:
    """Whatever the length of the circle; the message goes round it once."""
    circle = [f"t{index}" for index in range(length)]
    known = {name: make_type(name=name, extends=[circle[(index + 1) % length]]) for index, name in enumerate(circle)}
    with pytest.raises(DescriptorError, match="extends itself") as caught:
        inherited(known["t0"], known)
    assert " → ".join([*circle, "t0"]) in caught.value.message


def test_one_parent_by_two_ways_is_no_circle() -> None:
    """A diamond."""
    known = types(
        top={"properties": [field("a")]},
        left={"extends": ["top"]},
        right={"extends": ["top"]},
        kind={"extends": ["left", "right"]},
    )
    assert names(inherited(known["kind"], known)) == ["a"]


def test_hidden_defaults_describe_a_service() -> None:
    """As n8n's own types do: constants, and expressions over other fields; the user fills in the rest."""
    kind = inherited(
        make_type(
            extends=["oAuth2Api"],
            properties=[
                field("serverUrl", required=True, typeOptions={"url": True}),
                field("grantType", type="hidden", default="clientCredentials"),
                field("accessTokenUrl", type="hidden", default="={{$self.serverUrl}}/oauth/token"),
                field("scope", type="hidden", default="={{ $credentials['serverUrl'] + '/all' }}"),
                field("authentication", type="hidden", default="body"),
            ],
        ),
        {"oAuth2Api": OAUTH2},
    )
    session = session_of(kind, {"serverUrl": "https://api.example.com/", "clientId": "me", "clientSecret": "s"})
    assert session.values["accessTokenUrl"] == "https://api.example.com/oauth/token"
    assert session.values["scope"] == "https://api.example.com/all"
    assert "authUrl" not in session.values
    with pytest.raises(CredentialError, match="lacks clientId, clientSecret"):
        session_of(kind, {"serverUrl": "https://api.example.com"})
    with pytest.raises(CredentialError, match="'clientScret'"):
        session_of(kind, {"serverUrl": "https://api.example.com", "clientScret": "s"})
