"""Labels are lodash's startCase of names; the tables were made with lodash 4.17.21."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.importers.openapi.displaynames import camel, make_unique, slug, start_case, words


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("WebsiteLinks", "Website Links"),
        ("DeleteWeblink", "Delete Weblink"),
        ("ids", "Ids"),
        ("If-Match", "If Match"),
        ("Enable2FA", "Enable 2 FA"),
        ("LocalIPv4", "Local I Pv 4"),
        ("MCURequestStatus", "MCU Request Status"),
        ("UpdateMCURequestStatus", "Update MCU Request Status"),
        ("E164CountryCode", "E 164 Country Code"),
        ("hidePcalls", "Hide Pcalls"),
        ("$orderby", "Orderby"),
        ("call_id", "Call Id"),
        ("3CX", "3 CX"),
        ("M365", "M 365"),
        ("repos/list-for-org", "Repos List For Org"),
        ("@odata.type", "Odata Type"),
        ("Größe", "Grosse"),
        ("don't", "Dont"),
        ("1st2nd", "1 St 2nd"),
        ("ж中Ab", "Ж中 Ab"),
        ("a😀b", "A 😀 B"),
        ("hello   world", "Hello World"),
        ("", ""),
        ("--", ""),
        ("Æther Łódź", "Aether Lodz"),
    ],
)
def test_start_case_is_lodash_s(name: str, label: str) -> None:
    assert start_case(name) == label


@given(st.text())
def test_a_label_is_words_with_one_blank_between(name: str) -> None:
    label = start_case(name)
    assert label == " ".join(word for word in label.split(" ") if word)
    assert len(words(name)) == len(label.split(" ")) or label == ""


@given(st.text(alphabet="abcXYZ019 _-./$'", max_size=40))
def test_a_label_keeps_every_letter_and_digit_in_order(name: str) -> None:
    kept = [c for c in name if c.isalnum()]
    assert [c.lower() for c in start_case(name) if c != " "] == [c.lower() for c in kept]


@given(st.text(alphabet="abcXYZ", max_size=30))
def test_a_label_of_letters_is_its_own_label(name: str) -> None:
    assert start_case(start_case(name)) == start_case(name)


@given(st.text())
def test_a_slug_is_a_file_name(name: str) -> None:
    assert slug(name)
    assert set(slug(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.text())
def test_a_camel_name_is_an_identifier(name: str) -> None:
    assert camel(name) == "" or camel(name)[0].isalpha()


def test_a_name_that_is_taken_gets_a_number() -> None:
    numbers: dict[str, int] = {}
    assert make_unique("Id", {"Id", "Id 2"}, numbers) == "Id 3"
    assert make_unique("Id", {"Id", "Id 2", "Id 3"}, numbers) == "Id 4"
    assert make_unique("id", {"id"}, {}, "-") == "id-2"
