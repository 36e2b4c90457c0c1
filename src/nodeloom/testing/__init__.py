"""For tests and demonstrations: a 3CX server on loopback, and a transport that answers from a list.

from nodeloom.testing import ThreeCXSandbox

with ThreeCXSandbox(links=100, rate_429=0.05) as sandbox:
    result = runtime.run("threecx", {…}, items=[…], credentials={"threeCxApi": sandbox.credential})
    assert "link-1" not in sandbox.links
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeloom.testing.requestlog import LoggedRequest
from nodeloom.testing.sandboxoptions import SandboxOptions
from nodeloom.testing.threecxsandbox import ThreeCXSandbox

if TYPE_CHECKING:
    from nodeloom.testing.recording import RecordingTransport

__all__ = ["LoggedRequest", "RecordingTransport", "SandboxOptions", "ThreeCXSandbox"]


def __getattr__(name: str) -> object:
    # The sandbox does without httpx, and `nodeloom sandbox` starts the sooner for it.
    if name == "RecordingTransport":
        from nodeloom.testing.recording import RecordingTransport

        return RecordingTransport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
