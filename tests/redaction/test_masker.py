"""Secrets are taken out of text and JSON in whatever form they travel."""

from __future__ import annotations

import base64
import json
import pickle
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import MASK, Masker

SECRETS = st.text(min_size=4, max_size=40).filter(lambda s: s.strip() == s and MASK not in s)


@pytest.mark.slow
@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_long_secret_survives(secret: str, before: str, after: str) -> None:
    """As written, percent-encoded in either case, form-encoded, JSON-escaped, in base64: none is left in the text."""
    mask = Masker([secret])
    raw = secret.encode("utf-8", "surrogatepass")
    escaped = [quote(raw, safe=""), quote(raw), quote_plus(raw)]
    lowered = [re.sub("%..", lambda escape: escape[0].lower(), text) for text in escaped]
    forms = [secret, json.dumps(secret)[1:-1], base64.b64encode(raw).decode(), *escaped, *lowered]
    for form in forms:
        assert form not in mask(f"{before}{form}{after}").replace(MASK, "\0")


@given(st.lists(st.text(string.ascii_letters, min_size=1), max_size=3), st.text("0123456789 .:/?"))
def test_a_text_without_a_secret_stays_as_it_is(secrets: list[str], text: str) -> None:
    """Nothing but secrets is taken out."""
    assert Masker(secrets)(text) == text


def test_a_url_and_a_header_lose_their_secrets() -> None:
    """A query value and a basic authentication header are recognised."""
    mask = Masker(["pa/ss word", base64.b64encode(b"user:pa/ss word").decode()])
    assert mask("https://h/x?key=pa%2Fss%20word&b=pa%2fss+word") == "https://h/x?key=***&b=***"
    assert mask("Authorization: Basic dXNlcjpwYS9zcyB3b3Jk") == "Authorization: Basic ***"


def test_a_short_secret_is_masked_as_a_whole_word_only() -> None:
    """Three characters are too common to be torn out of other words."""
    mask = Masker(["abc"])
    assert mask("abc abcd xabc 'abc'") == "*** abcd xabc '***'"


def test_of_two_secrets_the_longer_goes_first() -> None:
    """Otherwise the end of the longer one would be left to read."""
    assert Masker(["secret", "secret-and-more"])("secret-and-more, secret") == "***, ***"


def test_json_is_masked_in_keys_values_and_numbers() -> None:
    """Structure and types stay; a number that is a secret becomes text."""
    mask = Masker(["topsecret", "123456"])
    value = {"topsecret": [1, "x topsecret", {"n": 123456, "t": True, "none": None}], "pair": ("topsecret",)}
    assert mask.mask_json(value) == {"***": [1, "x ***", {"n": "***", "t": True, "none": None}], "pair": ["***"]}


def test_without_secrets_nothing_changes() -> None:
    """Empty secrets do not count, and the value comes back as the same object."""
    mask = Masker(["", ""])
    value = {"a": ["b"]}
    assert not mask
    assert mask("text") == "text"
    assert mask.mask_json(value) is value


def test_a_masker_shows_and_hands_over_no_secret() -> None:
    """Neither repr nor pickle carry what it masks."""
    mask = Masker(["canary-1"])
    assert "canary" not in repr(mask)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(mask)


@given(st.text(string.ascii_letters + "/+", min_size=8), st.text("0123456789 "), st.integers(min_value=4))
def test_the_beginning_of_a_secret_in_front_of_an_ellipsis_is_masked(secret: str, before: str, length: int) -> None:
    """A message shows the beginning of a long text only, and may cut a secret in two; encoded ones too."""
    for form in (secret, quote(secret, safe="")):
        cut = form[: min(length, len(form) - 1)]
        assert Masker([secret])(f"{before}{cut}… (500 characters)") == f"{before}***… (500 characters)"


def test_an_ellipsis_after_other_text_stays() -> None:
    """Three characters of a secret tell nothing."""
    assert Masker(["canary-80"])("a can… b canary-8… c") == "a can… b ***… c"


def test_an_address_in_the_query_of_another_is_masked() -> None:
    """Percent-encoded twice."""
    once = quote("canary/+81", safe="")
    assert Masker(["canary/+81"])(f"?return={quote(f'?key={once}', safe='')}") == "?return=%3Fkey%3D***"


@given(st.text(min_size=1), st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3)))
def test_a_document_that_can_hold_no_secret_needs_no_masking(secret: str, value: object) -> None:
    """`may_be_in` is never wrongly False, whatever JSON's escapes make of a text."""
    masker = Masker([secret])
    for document in (
        value,
        [value, secret],
        {secret: value},
        [f"{secret}{value}"],
        json.dumps([secret]),
        [quote(secret)],
    ):
        if not masker.may_be_in(json.dumps(document)):
            assert masker.mask_json(document) == document


@given(
    st.text(st.sampled_from('t7né\\"/'), min_size=1, max_size=3),
    st.lists(st.text(st.sampled_from('t7né\\"/\n\tu0 -\u2028'), max_size=8)),
)
def test_a_short_secret_is_seen_after_every_escape(secret: str, texts: list[str]) -> None:
    """An escape in JSON ends with a letter or digit, which is none of the word that follows."""
    masker = Masker([secret])
    for document in (texts, dict.fromkeys(texts, secret), [f"{text}{secret}" for text in texts]):
        if not masker.may_be_in(json.dumps(document)):
            assert masker.mask_json(document) == document


def test_a_short_secret_inside_words_costs_no_masking() -> None:
    assert not Masker(["t"]).may_be_in('{"Link":"link-to-it","at":"top\\nnext"}')
    assert Masker(["t"]).may_be_in('{"Link":"to\\nt"}')


NARROW = "pä/ss+wörd\n17"
WIDE = "日本/😀\tパス"


@pytest.mark.parametrize("secret", [NARROW, WIDE, "s3cr/t+Val=17"])
@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda s: json.dumps(s)[1:-1].replace("/", "\\/"), id="slashes escaped, as PHP does"),
        pytest.param(lambda s: _escaped(s, "{:04X}"), id="escapes in upper case, as .NET does"),
        pytest.param(lambda s: json.dumps(json.dumps(s)), id="JSON in JSON"),
        pytest.param(lambda s: repr(s.encode()), id="bytes as Python shows them"),
        pytest.param(lambda s: s.encode().decode("latin-1"), id="UTF-8 read as Latin-1"),
    ],
)
def test_no_encoder_of_a_service_shows_a_secret(secret: str, encode: Callable[[str], str]) -> None:
    """What services and proxies make of a text when they repeat it."""
    shown = Masker([secret])(f"you sent {encode(secret)}, sorry")
    assert "***" in shown
    assert encode(secret)[3:-3] not in shown
    # A journal looks first whether there may be anything to mask.
    assert Masker([secret]).may_be_in(json.dumps([encode(secret)]))


def _escaped(text: str, digits: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{digits.format(int.from_bytes(units[i : i + 2]))}" for i in range(0, len(units), 2))


def test_a_secret_in_latin_1_is_found() -> None:
    """Percent-encoded, in hex and in base64; alone, and in the pair of basic authentication."""
    raw = NARROW.encode("latin-1")
    mask = Masker([NARROW])
    for text in (quote(raw, safe=""), quote(raw).lower(), raw.hex(), base64.b64encode(b"me:" + raw).decode()):
        assert "***" in mask(f"x {text}")
        assert text[8:-8] not in mask(f"x {text}")
