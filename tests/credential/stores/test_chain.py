"""Providers are asked in order; what is not found is explained."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nodeloom.credential import (
    Credentials,
    EnvironmentProvider,
    FileProvider,
    Provider,
    StoredCredential,
    default_providers,
)
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, CredentialNotFoundError, CredentialStoreError, PluginError

WHOLE = "NODELOOM_CREDENTIAL_THREECXAPI"


class Vault:
    """A provider as a plugin brings one."""

    name = "vault"

    def __init__(self, *kept: StoredCredential, fault: Exception | None = None, found: Any = None) -> None:
        self.kept = kept
        self.fault = fault
        self.found = found

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        if self.fault:
            raise self.fault
        if self.found is not None:
            result: StoredCredential = self.found
            return result
        return next((c for c in self.kept if c.type == type_name and name in (None, c.name)), None)

    def list(self) -> Iterable[StoredCredential]:
        if self.fault:
            raise self.fault
        return self.kept


def stored(name: str, kind: str = "threeCxApi") -> StoredCredential:
    return StoredCredential(name, kind, {"serverUrl": "https://pbx"}, "vault")


def test_fields_given_are_used_as_they_are(three_cx: CredentialType) -> None:
    """No provider is asked."""
    found = Credentials([Vault(fault=RuntimeError())]).resolve(three_cx, {"serverUrl": "x"})
    assert (found.values, found.source, found.type) == ({"serverUrl": "x"}, "given", "threeCxApi")


def test_the_first_provider_that_has_it_wins(three_cx: CredentialType, tmp_path: Path) -> None:
    """Environment before plugins before the file."""
    file = FileProvider(tmp_path / "c.toml")
    file.put("threeCxApi", "threeCxApi", {"serverUrl": "https://file"})
    environ = {f"{WHOLE}__SERVERURL": "https://environment"}

    def source(*, plugins: Iterable[Provider] = (), environ: dict[str, str] | None = None) -> str:
        providers = default_providers(file=file.path, environ=environ or {}, plugins=plugins)
        return Credentials(providers).resolve(three_cx).source

    assert source(plugins=[Vault(stored("a"))], environ=environ) == "environment"
    assert source(plugins=[Vault(stored("a"))]) == "vault"
    assert source() == f"file {file.path}"


def test_a_name_is_looked_for_everywhere(three_cx: CredentialType) -> None:
    """The environment knows the type's own name only."""
    chain = Credentials([EnvironmentProvider({f"{WHOLE}__SERVERURL": "x"}), Vault(stored("office"))])
    assert chain.resolve(three_cx, "office").source == "vault"
    assert [c.name for c in chain.list()] == ["THREECXAPI", "office"]


def test_nothing_found_says_where_it_looked_and_how_to_add_one(three_cx: CredentialType, tmp_path: Path) -> None:
    """The message is all a new user has."""
    providers: list[Provider] = [EnvironmentProvider({}), FileProvider(tmp_path / "c.toml")]
    with pytest.raises(CredentialNotFoundError) as caught:
        Credentials(providers).resolve(three_cx)
    said = str(caught.value)
    for part in (
        "threeCxApi",
        "environment",
        str(tmp_path / "c.toml"),
        f"{WHOLE}__SERVERURL, {WHOLE}__CLIENTID, {WHOLE}__CLIENTSECRET",
        "nodeloom credentials add threeCxApi",
    ):
        assert part in said


def test_a_misspelt_name_brings_the_nearest(three_cx: CredentialType) -> None:
    """Names are typed by people."""
    with pytest.raises(CredentialNotFoundError) as caught:
        Credentials([Vault(stored("office"))]).resolve(three_cx, "ofice")
    assert caught.value.hint == "Did you mean 'office'?"


def test_a_name_of_another_type_is_told_apart(three_cx: CredentialType) -> None:
    """It exists, it is the wrong one."""
    with pytest.raises(CredentialError, match=r"'crm' .vault. is of type 'otherApi'"):
        Credentials([Vault(stored("crm", "otherApi"))]).resolve(three_cx, "crm")


def test_a_store_that_cannot_be_used_is_not_passed_over(three_cx: CredentialType, tmp_path: Path) -> None:
    """Otherwise another credential than the one meant would be used."""
    path = tmp_path / "c.toml"
    path.write_text("", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(CredentialStoreError, match="0644"):
        Credentials([FileProvider(path), Vault(stored("a"))]).resolve(three_cx)


def test_a_broken_variable_of_another_type_does_not_hide_the_answer(three_cx: CredentialType) -> None:
    """Only the type asked for matters."""
    chain = Credentials([EnvironmentProvider({"NODELOOM_CREDENTIAL_OTHER": "{"}), Vault(stored("office"))])
    with pytest.raises(CredentialNotFoundError, match="'ofice'"):
        chain.resolve(three_cx, "ofice")


def test_a_plugin_that_fails_is_named(three_cx: CredentialType) -> None:
    """A host must know which of its plugins to look at."""
    vaults: list[Vault] = [Vault(fault=KeyError("path")), Vault(found={"serverUrl": "x"})]
    for vault in vaults:
        with pytest.raises(PluginError, match="'vault'") as caught:
            Credentials([vault]).resolve(three_cx)
        assert caught.value.details["plugin"] == "vault"
    with pytest.raises(PluginError, match="'vault'"):
        list(Credentials([Vault(fault=KeyError("path"))]).list())


def test_something_else_than_fields_or_a_name_is_refused(three_cx: CredentialType) -> None:
    """A list of fields is a slip."""
    wrong: Any = ["serverUrl"]
    with pytest.raises(CredentialError, match="list"):
        Credentials([]).resolve(three_cx, wrong)


def test_the_providers_fit_the_protocol(tmp_path: Path) -> None:
    """What ships is what plugins are asked for."""
    assert all(isinstance(p, Provider) for p in default_providers(file=tmp_path / "c.toml", environ={}))
