"""`NODELOOM_CREDENTIAL_<TYPE>` and `NODELOOM_CREDENTIAL_<TYPE>__<FIELD>`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import EnvironmentProvider
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, CredentialStoreError
from tests.credential.helpers import session_of

WHOLE = "NODELOOM_CREDENTIAL_THREECXAPI"


def find(**environ: str) -> dict[str, object] | None:
    found = EnvironmentProvider(environ).find("threeCxApi", None)
    return None if found is None else dict(found.values)


def test_json_in_one_variable() -> None:
    """The variable of the type holds an object with the fields."""
    assert find(NODELOOM_CREDENTIAL_THREECXAPI='{"serverUrl": "https://pbx"}') == {"serverUrl": "https://pbx"}


def test_a_variable_a_field(three_cx: CredentialType) -> None:
    """Field names match without case and without punctuation, once the type is known."""
    provider = EnvironmentProvider(
        {f"{WHOLE}__SERVERURL": "https://pbx", f"{WHOLE}__client_id": "me", f"{WHOLE}__CLIENT_SECRET": "sesame"}
    )
    found = provider.find("threeCxApi", None)
    assert found is not None
    assert (found.name, found.type, found.source) == ("threeCxApi", "threeCxApi", "environment")
    session = session_of(three_cx, found.values, source="environment")
    assert dict(session.values) == {"serverUrl": "https://pbx", "clientId": "me", "clientSecret": "sesame"}


def test_a_single_field_goes_over_the_json() -> None:
    """Both may be used together."""
    environ = {WHOLE: '{"serverUrl": "https://a", "clientId": "me"}', f"{WHOLE}__SERVERURL": "https://b"}
    assert find(**environ) == {"clientId": "me", "SERVERURL": "https://b"}


def test_an_empty_variable_counts_as_not_set() -> None:
    """Container files leave empty variables behind."""
    assert find(**{WHOLE: "", f"{WHOLE}__ACCESSTOKEN": " "}) is None


def test_a_misspelt_field_is_reported_with_the_nearest(three_cx: CredentialType) -> None:
    """A typo in the variable's name does not go unnoticed."""
    with pytest.raises(CredentialError, match="CLINTID") as caught:
        session_of(three_cx, {"SERVERURL": "https://pbx", "CLINTID": "me"}, source="environment")
    assert "clientId" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ['{"clientSecret": "canary-2"', '["canary-2"]', '"canary-2"', "canary-2"])
def test_broken_json_names_the_variable_and_never_its_content(text: str) -> None:
    """The content is the secret."""
    with pytest.raises(CredentialStoreError, match=WHOLE) as caught:
        find(**{WHOLE: text})
    assert "canary" not in str(caught.value)
    assert "canary" not in json.dumps(caught.value.to_dict())
    assert caught.value.__cause__ is None


def test_another_name_is_not_in_the_environment() -> None:
    """There is one credential a type, and its name is the type's."""
    provider = EnvironmentProvider({f"{WHOLE}__SERVERURL": "https://pbx"})
    assert provider.find("threeCxApi", "office") is None
    assert provider.find("threeCxApi", "threeCxApi") is not None


def test_list_spells_the_types_it_knows() -> None:
    """A type that is not known keeps the variable's spelling."""
    environ = {f"{WHOLE}__SERVERURL": "x", "NODELOOM_CREDENTIAL_OTHER": "{}", "NODELOOM_CREDENTIAL_MY_API__KEY": "k"}
    provider = EnvironmentProvider(environ, type_names=["threeCxApi"])
    assert [c.name for c in provider.list()] == ["threeCxApi", "MYAPI"]


def test_the_path_of_the_credential_file_is_no_credential() -> None:
    """`NODELOOM_CREDENTIALS` is another variable."""
    assert list(EnvironmentProvider({"NODELOOM_CREDENTIALS": "/x.toml"}).list()) == []


@pytest.mark.slow
@given(st.dictionaries(st.from_regex(r"[a-z][a-zA-Z0-9]{0,8}", fullmatch=True), st.text(min_size=1), min_size=1))
def test_any_json_object_comes_back_as_it_is(values: dict[str, str]) -> None:
    """Values are taken as they are; nothing in them has a meaning here."""
    assert find(**{WHOLE: json.dumps(values)}) == values
