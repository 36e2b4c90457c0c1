"""Messages cut long values, and the beginning of a secret in front of the cut is a secret too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import CredentialSession, StoredCredential
from nodeloom.errors import preview
from nodeloom.runtime.registry import type_for

SECRET = "canary-token-4711"


def session() -> CredentialSession:
    fields = {"token": SECRET}
    return CredentialSession(type_for("someApi", fields), StoredCredential("someApi", "someApi", fields, "given"))


@given(st.text(st.characters(exclude_characters="canry-toke4710…"), max_size=130), st.integers(0, 130))
def test_no_preview_shows_four_characters_of_a_secret(before: str, room: int) -> None:
    text = f"{before}{'x' * max(0, room - len(before))}{SECRET} and more" * 2
    assert SECRET[:4] not in session().masker(preview(text))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_text_without_the_secret_stays_as_it_is(text: str) -> None:
    if SECRET[:4] not in text:
        assert session().masker(text) == text
