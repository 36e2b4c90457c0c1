"""No test of this room sees the credentials of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodeloom.descriptor.models import CredentialType
from tests.credential.helpers import three_cx_type


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.upper().startswith("NODELOOM_"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def three_cx() -> CredentialType:
    """The credential type that ships."""
    return three_cx_type()


@pytest.fixture
def anyio_backend() -> str:
    """The store waits by asyncio, so that is what the tests run on."""
    return "asyncio"
