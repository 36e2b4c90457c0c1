"""Where and with what a benchmark ran."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PACKAGES = ("nodeloom", "httpx", "pyreqwest", "uvloop", "aiohttp", "httpx-aiohttp")


def facts() -> dict[str, Any]:
    """The processor, how many of its cores may be used, the system, Python and the packages that matter."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": dict(_versions()),
    }


def line() -> str:
    """The same in one line."""
    found = facts()
    versions = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return f"{found['processor']}, {found['cores']} cores, {found['system']}; Python {found['python']}, {versions}"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _versions() -> list[tuple[str, str]]:
    installed = {found.name.lower().replace("_", "-"): found.version for found in importlib.metadata.distributions()}
    return [(name, installed[name]) for name in PACKAGES if name in installed]
