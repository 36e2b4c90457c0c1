"""Taking templates apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.expression.splitting import Code, Text, is_template, split

ALPHABET = st.text(alphabet="{}\\<>$a= \n'\"", max_size=30)


def codes(value: str, dialect: str = "n8n") -> list[str]:
    return [p.code for p in split(value, dialect) if isinstance(p, Code)]  # type: ignore[arg-type]


def texts(value: str, dialect: str = "n8n") -> list[str]:
    return [p.text for p in split(value, dialect) if isinstance(p, Text)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected_codes", "expected_texts"),
    [
        ("={{ a }}", [" a "], []),
        ("=x{{a}}y{{b}}z", ["a", "b"], ["x", "y", "z"]),
        ("=={{1}}", ["1"], ["="]),
        ('={{ "}}" }}', [' "'], ['" }}']),
        ("={{ {a:{b:1}} }}", [" {a:{b:1"], [" }}"]),
        ("=\\{{ a }} {{ b }}", [" b "], ["\\{{ a }} "]),
        ("=\\\\{{ a }}", [" a "], ["\\"]),
        ("={{ \\}} }}", [" }} "], []),
        ("={{ \\}} \\}} }}", [" }} \\}} "], []),
        ("={{ open", [" open"], []),
        ("=a {{", [], ["a "]),
        ("=a }} b", [], ["a }} b"]),
        ("=a\\\\b", [], ["a\\\\b"]),
        ("=a\\\\b{{ 1 }}c\\\\d", [" 1 "], ["a\\b", "c\\\\d"]),
        ("={{}}", [""], []),
    ],
)
def test_n8ns_rules(value: str, expected_codes: list[str], expected_texts: list[str]) -> None:
    """The first closing braces close, escapes stay in text, only text before a block is unescaped."""
    assert codes(value) == expected_codes
    assert texts(value) == expected_texts


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("={{ a }}", True),
        ("=", True),
        ("{{ a }}", True),
        ("<<$json.a>>", True),
        ("<< $json.a >>", True),
        ("a << b >> c", False),
        ("{{ not closed", False),
        ("<<$json.a", False),
        ("plain", False),
        (" ={{", False),
    ],
)
def test_what_an_author_may_write(value: str, is_one: bool) -> None:
    """A leading `=`, a closed `{{ }}`, or a closed `<< >>` around a `$` name."""
    assert is_template(value, "author") is is_one
    assert is_template(value, "n8n") is value.startswith("=")


def test_both_spellings_are_blocks_for_an_author() -> None:
    """Also within one string, and the positions are those in what was written."""
    value = "a {{ $json.x }} b <<$json.y>> c << d >>"
    pieces = split(value, "author")
    assert codes(value, "author") == [" $json.x ", "$json.y"]
    for piece in pieces:
        if isinstance(piece, Code):
            assert value[piece.start :].startswith(piece.code)
    assert split("{{ $a }} then {{ open", "author")[-1] == Text(" then {{ open")


@given(ALPHABET)
def test_without_blocks_text_comes_back_whole(value: str) -> None:
    """A template that opens nothing is its own text."""
    if "{{" not in value:
        assert texts("=" + value) == ([value] if value else [])


@given(ALPHABET, st.sampled_from(["n8n", "author"]))
def test_pieces_stand_where_they_say(value: str, dialect: str) -> None:
    """Codes are found at their positions, in order, and never overlap."""
    at = 0
    for piece in split("=" + value, dialect):  # type: ignore[arg-type]
        if isinstance(piece, Code):
            assert piece.start >= at
            at = piece.start + len(piece.code)


@given(
    ALPHABET.filter(
        lambda t: "{{" not in t and "}}" not in t and "\\" not in t and "{" not in t[-1:] and "}" not in t[:1]
    )
)
def test_plain_text_around_a_block_is_kept(value: str) -> None:
    """Nothing of it is lost or changed."""
    assert texts(f"={value}{{{{ 1 }}}}") == ([value] if value else [])
