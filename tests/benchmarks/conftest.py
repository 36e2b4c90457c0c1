from __future__ import annotations

from collections.abc import Iterator

import pytest

from measuring.server import Server, loopback


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Our own loopback server, which every machine has."""
    with loopback(nginx=False) as running:
        yield running
