"""n8n's own engine on the same node, through the n8n peer: a folder with `run.js` and its installed packages.

`run.js` runs the items twice in one process and reports the better time. CPU time and memory are the whole process's,
CPU time divided by both rounds.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from measuring.n8n_form import whole_node
from measuring.nodeloom_modes import PARAMETERS
from measuring.task import Task
from measuring.usage import Usage, of_command

ROUNDS = 2
INSTALL = (
    "in the folder of the n8n peer `npm install --ignore-scripts`, then "
    "`(cd node_modules/node && node installArchSpecificPackage.js)`; name the folder with --n8n"
)


def program(folder: str) -> Path:
    """The Node.js that the peer's packages bring."""
    return Path(folder, "node_modules", "node", "bin", "node")


def installed(folder: str) -> bool:
    """Whether the peer can run."""
    return bool(folder) and program(folder).exists() and Path(folder, "node_modules", "n8n-core").exists()


def run(task: Task) -> Usage:
    """The items through n8n's RoutingNode."""
    node = task.file("node.json")
    node.write_text(json.dumps(whole_node()), encoding="utf-8")
    command: list[str | Path] = [program(task.n8n), Path(task.n8n, "run.js"), "--node", node]
    command += ["--parameters", json.dumps(PARAMETERS), "--items", str(task.items)]
    command += ["--base-url", task.url, "--rounds", str(ROUNDS)]
    usage, printed = of_command(command, os.environ, task.items)
    best = json.loads(printed.splitlines()[-1])
    return replace(usage, items=best["items"], seconds=best["seconds"], cpu_seconds=usage.cpu_seconds / ROUNDS)
