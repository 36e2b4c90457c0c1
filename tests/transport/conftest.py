"""Every test of the transport runs over each channel a sender can have."""

from __future__ import annotations

import pytest

from nodeloom.transport import Limits, sender
from nodeloom.transport.over_pyreqwest import open_channel

#: For what begins a process, which has that channel whatever is chosen here.
PYREQWEST = pytest.mark.parametrize("channel", ["pyreqwest"], indirect=True)


@pytest.fixture(autouse=True, params=["pyreqwest", "httpx"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The channel that senders without a transport of their own use first."""
    if request.param == "httpx":
        monkeypatch.setattr(sender, "open_channel", lambda _limits: None)
    elif open_channel(Limits()) is None:
        pytest.skip("pyreqwest is not installed")
    return str(request.param)
