"""Token data: how a user's tokens stand among the fields of a credential."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nodeloom.credential.oauth.tokendata import data_of, read_data, secret_texts


@pytest.mark.parametrize(
    "data",
    [
        {"access_token": "a"},
        {"access_token": "a", "refresh_token": "r", "expires_at": 5, "scope": "x y", "token_type": "Bearer"},
    ],
)
def test_token_data_is_read_as_it_is_written(data: dict[str, Any]) -> None:
    """As an object, and as JSON text."""
    for given in (data, json.dumps(data)):
        token = read_data(given)
        assert token is not None
        assert data_of(token) == {"token_type": "Bearer", **data}


@pytest.mark.parametrize("value", [None, "", "x", [], {}, {"access_token": ""}, {"access_token": 5}, "[1]", "{"])
def test_token_data_without_a_token_is_none(value: Any) -> None:
    """Nobody has signed in."""
    assert read_data(value) is None


def test_scope_type_and_times_are_no_secrets() -> None:
    """Masking them would tear holes into every message; whatever else a service sent along is one."""
    data = {
        "access_token": "a",
        "refresh_token": "r",
        "id_token": "i",
        "expires_at": 5,
        "expires_in": 6,
        "scope": "read",
        "token_type": "Bearer",
        "more": {"n": 7},
    }
    assert set(secret_texts(data)) == {"a", "r", "i", "7"}
    assert set(secret_texts(json.dumps({"access_token": "a", "scope": "s"}))) == {
        "a",
        json.dumps({"access_token": "a", "scope": "s"}),
    }
