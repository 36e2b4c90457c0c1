"""Fields whose name says that they are secret are masked in JSON and in any text they stand in."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.redaction import DEFAULT_SECRET_NAMES, Secret, SecretNames

NAMES = SecretNames()

# 3CX: every property of its API (20.0.10) that holds a secret; among them what others sign in by.
THREE_CX = [
    "APIKey",
    "AccessKey",
    "AccessPassword",
    "ApiKey",
    "AuthID",
    "AuthId",
    "AuthPassword",
    "ClientPrivateKey",
    "ClientSecret",
    "DeskphonePassword",
    "EncryptBackupPassword",
    "ExchangePassword",
    "FtpPassword",
    "LicenseKey",
    "MailPassword",
    "ManagementAPIKey",
    "NsPassword",
    "PKCECodeVerifier",
    "Password",
    "PhoneWebPassword",
    "PinNumber",
    "PrivateKey",
    "RefreshTokens",
    "SIPID",
    "SbcPrivateKey",
    "Secret",
    "SecretKey",
    "SeparateAuthId",
    "ServiceAccountCredentials",
    "SftpPassword",
    "SftpPrivateKey",
    "Token",
    "TranscribeKeyGrok",
    "TranscribeSecretKey",
    "VMPIN",
    "VoicemailPIN",
    "WebclientPassword",
    "accessToken",
    "licenseKey",
    "password",
]
OPEN = [
    "PinProtected",
    "PinProtectTimeout",
    "EnablePinPad",
    "PublicIPinSIP",
    "NextPageToken",
    "skipToken",
    "TokenEndpoint",
    "Key",
    "PrimaryKey",
    "playlistKey",
    "AuthorizationEndpoint",
    "Stopping",
    "Shipping",
    "PasswordPolicy",
    "Mac",
    "Certificate",
    "CertificateName",
    "FriendlyName",
    "CountryCode",
    "prompt_tokens",
    "Authentication",
    "SftpHostKeyFingerprint",
    "InvalidKeyForwardDN",
    "AllowChangeOf",
    "HackAuthRequests",
    "OAuthCimdEnabled",
    "OAuthDcrEnabled",
    "OAuthOpenIdConnectEnabled",
    "PlaylistKey",
    "VMDisablePinAuth",
]

SOUNDS = re.compile(r"pass(?!ive)|secret|token|pin(?![a-z])|key|credential|auth|private", re.IGNORECASE)


@pytest.mark.parametrize("name", THREE_CX)
def test_secret_names_of_3cx_are_known(name: str) -> None:
    """In any case and punctuation."""
    for spelled in (name, name.lower(), name.upper(), "-".join(name)):
        assert spelled in NAMES


@pytest.mark.parametrize("name", OPEN)
def test_names_that_only_sound_alike_are_not(name: str) -> None:
    """A page token leads to the next page, a PIN that is protected is a switch."""
    assert name not in NAMES


def test_every_field_of_the_shipped_nodes_that_sounds_secret_was_looked_at() -> None:
    """A release of 3CX that brings another fails here: it belongs to one of the two lists above."""
    sounding: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("name"), str) and SOUNDS.search(value["name"]) and "type" in value:
                sounding.add(value["name"])
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    for file in (data_root() / "nodes").rglob("*.json"):
        look(json.loads(file.read_text(encoding="utf-8")))
    assert sounding
    assert {name.replace(" ", "") for name in sounding if name not in NAMES} <= {*OPEN}


def test_the_host_adds_names_and_takes_names_out() -> None:
    """The last pattern that fits decides."""
    names = SecretNames((*DEFAULT_SECRET_NAMES, "Date of Birth", "*iban*", "!sipid"))
    assert "dateOfBirth" in names
    assert "MainIBAN1" in names
    assert "SIPID" not in names
    assert "AuthID" in names


@pytest.mark.slow
def test_names_of_data_do_not_fill_the_memory() -> None:
    """A hundred thousand different ones."""
    names = SecretNames()
    for number in range(20_000):
        assert f"field{number}" not in names
    assert len(names._known) <= 4096


def test_json_keeps_its_shape() -> None:
    """Switches, null and empty values say nothing; what has no secret name is given back as it is."""
    value = {
        "Number": "100",
        "AuthPassword": "canary",
        "VMPIN": 1234,
        "Password": None,
        "Secret": "",
        "Token": False,
        "Inner": [{"ClientSecret": {"Value": "canary"}, "Name": "x"}],
        "ApiKey": Secret("canary"),
    }
    assert NAMES.redacted(value) == {
        **value,
        "AuthPassword": "***",
        "VMPIN": "***",
        "Inner": [{"ClientSecret": "***", "Name": "x"}],
        "ApiKey": "***",
    }
    assert sorted(NAMES.texts(value)) == ["1234", "canary", "canary", "canary"]
    plain = {"a": [1, {"b": "c"}]}
    assert NAMES.redacted(plain) is plain
    assert value["AuthPassword"] == "canary"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"AuthPassword": "hunter2", "Name": "x"}', '{"AuthPassword": "***", "Name": "x"}'),
        ('{"AuthPassword":"hun\\"ter2","n":1}', '{"AuthPassword":"***","n":1}'),
        ('{"VMPIN": 1234, "PinProtected": true}', '{"VMPIN": ***, "PinProtected": true}'),
        ('{"Token": true, "Secret": null}', '{"Token": true, "Secret": null}'),
        ('{"Credentials": {"a": [1, "}"], "b": {}}, "c": 3}', '{"Credentials": ***, "c": 3}'),
        ('{"Credentials": {"a": [1, "x… (300 characters)', '{"Credentials": ***'),
        ('{"AuthPassword": "hunt… (300 characters)', '{"AuthPassword": "***… (300 characters)'),
        ("a=1&password=hunt… (300 characters)", "a=1&password=***… (300 characters)"),
        ("{'Password': 'it\\'s', 'b': 1}", "{'Password': '***', 'b': 1}"),
        (r'{"body": "{\"VMPIN\":\"1234\",\"a\":1}"}', r'{"body": "{\"VMPIN\":\"***\",\"a\":1}"}'),
        ("https://h/x?key=abc&$filter=a&sig=%2Fx", "https://h/x?key=***&$filter=a&sig=***"),
        ("a=1&client_secret=foo%20&b=2", "a=1&client_secret=***&b=2"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ("X-Api-Key: abc\r\nHost: h", "X-Api-Key: ***\r\nHost: h"),
        ("<User><Password>abc</Password></User>", "<User><Password>***</Password></User>"),
        ('<x:Secret a="b">abc</x:Secret>', '<x:Secret a="b">***</x:Secret>'),
        ("No access token: the token endpoint answered 400.", "No access token: the token endpoint answered 400."),
        ("Check client id and secret of the credential.", "Check client id and secret of the credential."),
        ("NextPageToken=abc", "NextPageToken=abc"),
        ('{"url": "https://h/?token=abc"}', '{"url": "https://h/?token=***"}'),
    ],
)
def test_values_behind_a_secret_name_go_from_any_text(text: str, masked: str) -> None:
    """JSON, also inside JSON and cut off; forms and addresses; header lines; XML. Prose stays."""
    assert NAMES(text) == masked


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1).filter(lambda s: s.strip() == s)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, VALUES, st.sampled_from(THREE_CX), st.integers(0, 4))
def test_no_json_text_keeps_the_value_of_a_secret_name(around: Any, value: str, name: str, indent: int) -> None:
    """Whatever stands around it, pretty-printed or not, escaped or not."""
    canary = f"canary{value}canary"
    document = {"a": around, name: canary, "z": around}
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only, indent=indent or None)
        assert "canary" not in NAMES(text)
        assert json.loads(NAMES(text)) == {**document, name: "***"}


@given(st.dictionaries(VALUES, VALUES, max_size=3), VALUES, st.sampled_from(THREE_CX))
def test_no_form_keeps_the_value_of_a_secret_name(around: dict[str, str], value: str, name: str) -> None:
    """Query strings and forms as they are encoded."""
    text = urlencode([*around.items(), (name, f"canary{value}canary")])
    assert "canary" not in NAMES(text)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """And masking it again changes nothing."""
    assert NAMES(NAMES(text)) == NAMES(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["token:'", 'a:"', '"token":{', "a", "a_", '"token" ', "Token: ", "[?:=", "<Token>", "\\" * 9 + '"']
)
def test_no_text_takes_long(unit: str) -> None:
    """A service's words may be long, and made to be slow; the test's own time limit is what they would hit."""
    NAMES(unit * (400_000 // len(unit)))


@pytest.mark.parametrize(
    "text", ['{"Auth Password": "abc"}', '{"auth password": "abc"}', "Auth Password: abc", "$a=1&x-token=abc"]
)
def test_a_name_of_several_words_is_known_by_its_last(text: str) -> None:
    """As forms show it."""
    assert "abc" not in NAMES(text)


def test_values_that_hold_themselves_are_looked_through_once() -> None:
    endless: dict[str, Any] = {"password": ["hunter2"]}
    endless["password"].append(endless["password"])
    endless["more"] = [endless, (endless,)]
    assert list(NAMES.texts(endless)) == ["hunter2"]


def test_what_stands_in_many_places_is_looked_through_once() -> None:
    shared: Any = {"password": "hunter2"}
    for _ in range(60):
        shared = [shared, shared]
    assert list(NAMES.texts(shared)) == ["hunter2"]
