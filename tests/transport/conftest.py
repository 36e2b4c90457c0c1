"""Every test of the transport runs over each channel a sender can have."""

from __future__ import annotations

import pytest

#: For what begins a process, which has that channel whatever is chosen here.
PYREQWEST = pytest.mark.parametrize("channel", ["pyreqwest"], indirect=True)


@pytest.fixture(autouse=True)
def _over_each_channel(channel: str) -> None:
    """See `channel`."""
