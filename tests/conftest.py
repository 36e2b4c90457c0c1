"""For every test: nobody's own settings are seen, and a 3CX sandbox is there for who asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nodeloom.testing import ThreeCXSandbox
from nodeloom.transport import Limits, sender
from nodeloom.transport.over_pyreqwest import open_channel
from nodeloom.transport.politeness.pacing import PACERS

# How long an example takes says more about the machine than about what is tested.
# Forty examples a run, and other ones in every run; `--hypothesis-profile thorough` looks longer.
settings.register_profile("nodeloom", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("nodeloom"), max_examples=1000)
settings.load_profile("nodeloom")


@pytest.fixture(autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, proxies and certificates of whoever runs the tests stay out of them."""
    home: Path = tmp_path_factory.mktemp("home")
    unwanted = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    for name in list(os.environ):
        if name.upper().startswith("NODELOOM_") or name.upper() in unwanted:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    # What one test's service refused is not to slow down another's.
    PACERS.begin_anew()


@pytest.fixture
def sandbox() -> Iterator[ThreeCXSandbox]:
    """A sandbox with ten links, `link-1` to `link-10`, and no faults."""
    with ThreeCXSandbox(links=10) as running:
        yield running


@pytest.fixture(params=["pyreqwest", "httpx"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The channel that senders without a transport of their own use first; each test runs over both."""
    if request.param == "httpx":
        monkeypatch.setattr(sender, "open_channel", lambda _limits: None)
    elif open_channel(Limits()) is None:
        pytest.skip("pyreqwest is not installed")
    return str(request.param)
