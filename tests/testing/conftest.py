"""A client for a sandbox, with a token of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from nodeloom.testing import ThreeCXSandbox

Connect = Callable[[ThreeCXSandbox], httpx.Client]


def fetch_token(sandbox: ThreeCXSandbox) -> str:
    """A fresh token by the client credentials of the sandbox."""
    form = {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "grant_type": "client_credentials",
    }
    with httpx.Client(trust_env=False) as client:
        answer = client.post(sandbox.server_url + "/connect/token", data=form)
    assert answer.status_code == 200
    token: str = answer.json()["access_token"]
    return token


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Clients with a bearer token, closed at the end; the sandbox's log is empty after connecting."""
    with ExitStack() as stack:

        def open_client(sandbox: ThreeCXSandbox) -> httpx.Client:
            client = httpx.Client(
                base_url=f"{sandbox.server_url}/xapi/v1/",
                headers={"Authorization": f"Bearer {fetch_token(sandbox)}"},
                trust_env=False,
            )
            sandbox.clear_requests()
            return stack.enter_context(client)

        yield open_client


@pytest.fixture
def sandbox() -> Iterator[ThreeCXSandbox]:
    """A sandbox with ten links and no faults."""
    with ThreeCXSandbox(links=10) as running:
        yield running


@pytest.fixture
def client(sandbox: ThreeCXSandbox, connect: Connect) -> httpx.Client:
    """A client of that sandbox."""
    return connect(sandbox)
