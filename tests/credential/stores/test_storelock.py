"""Locks between processes: one holder, and none that outlives its holder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodeloom.credential.stores.storelock import claimed, exclusive
from nodeloom.errors import CredentialStoreError

pytestmark = pytest.mark.anyio


async def test_one_holds_a_lock_at_a_time(tmp_path: Path) -> None:
    """Whether a task or a thread waits; the message names the file."""
    lock = tmp_path / "folder" / "a.lock"
    async with claimed(lock):
        with pytest.raises(CredentialStoreError, match=r"a\.lock"), exclusive(lock, patience=0):
            pass
        with pytest.raises(CredentialStoreError, match="Another process"):
            async with claimed(lock, patience=0):
                pass
    with exclusive(lock, patience=0):
        pass


async def test_a_lock_is_let_go_of_when_its_holder_fails(tmp_path: Path) -> None:
    """By the holder's own error, which passes as it is."""
    lock = tmp_path / "a.lock"
    with pytest.raises(ZeroDivisionError):
        async with claimed(lock):
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), exclusive(lock, patience=0):
        raise ZeroDivisionError


FORKING = """
import asyncio, os, sys
from pathlib import Path
from nodeloom.credential.stores.storelock import claimed, exclusive

async def main():
    read, write = os.pipe()
    async with claimed(Path(sys.argv[1])):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
    with exclusive(Path(sys.argv[1]), patience=0):
        print("free")
    os.close(read)
    os.close(write)
    os.waitpid(child, 0)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_meanwhile_keeps_no_lock(tmp_path: Path) -> None:
    """It has the file open as well."""
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "a.lock")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "free\n"
