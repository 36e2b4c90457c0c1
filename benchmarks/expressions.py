"""How long expressions take: `python benchmarks/expressions.py`.

Prints microseconds for each template: compiled, resolved against one item after another, against the same item again,
and against one item after another with JavaScript in a process of its own. Where `node` can load n8n's engine (`npm
install n8n-workflow` in this directory or a parent), its time for the same templates stands beside.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.expression.engines import Engines, engines_of

ITEM = {"json": {**{f"field{i}": f"value {i}" for i in range(8)}, "count": 5, "nested": {"a": {"b": "deep"}}}}
PATHS = [
    "={{ $json.field1 }}",
    "={{ $json.nested.a.b }}",
    "=Link {{ $json.field1 }} of {{ $json.count }}",
]
JAVASCRIPT = [
    "={{ $json.count + 1 }}",
    "={{ $json.field1.toUpperCase() }}",
    "={{ $json.field1.toTitleCase() }}",
    "={{ $if($json.count > 3, 'many', 'few') }} of {{ $json.field1 }}",
    "={{ DateTime.fromISO('2024-03-15').plus({ days: 1 }).toFormat('yyyy-MM-dd') }}",
    "={{ Object.keys($json).length }}",
]
ROUNDS = 5
N8N = """
const { Workflow } = require("n8n-workflow");
const description = { properties: [], name: "t", inputs: [], outputs: [], group: [], version: 1, defaults: {} };
const type = { description };
const nodeTypes = { getByName: () => type, getByNameAndVersion: () => type, getKnownTypes: () => ({}) };
const node = { name: "n", type: "t", typeVersion: 1, id: "1", position: [0, 0], parameters: {} };
const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
const { item, templates } = JSON.parse(process.argv[1]);
const result = {};
for (const template of templates) {
  const resolve = () => workflow.expression.getParameterValue(template, null, 0, 0, "n", [item], "manual", {});
  for (let i = 0; i < 200; i++) resolve();
  const started = process.hrtime.bigint();
  for (let i = 0; i < 1000; i++) resolve();
  result[template] = Number(process.hrtime.bigint() - started) / 1e6;
}
console.log(JSON.stringify(result));
"""


def microseconds(action: Callable[[int], object], count: int) -> float:
    """The median over a few rounds of the CPU time one call takes: nothing here waits."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for i in range(count):
            action(i)
        rounds.append((time.process_time() - started) / count * 1e6)
    return statistics.median(rounds)


def in_process(template: str, count: int) -> float:
    """Resolve per item in a process of its own: the time that passes, as the one process waits for the other."""
    environment = Environment(engines=Engines(process=True))
    compiled = compile_value(template, dialect="n8n")
    items = [ITEM] * count
    compiled.resolve(Scope(environment, items, 0))
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for index in range(count):
            compiled.resolve(Scope(environment, items, index))
        rounds.append((time.perf_counter() - started) / count * 1e6)
    engines_of(environment).close()
    return statistics.median(rounds)


def measure(template: str, count: int) -> tuple[float, float, float]:
    """Compile once, resolve per item, resolve again for the same item."""
    environment = Environment()
    items = [ITEM] * count
    compiling = microseconds(lambda _: compile_value(template, dialect="n8n"), 50)
    compiled = compile_value(template, dialect="n8n")
    compiled.resolve(Scope(environment, items, 0))

    def one_item(index: int) -> object:
        return compiled.resolve(Scope(environment, items, index))

    making = microseconds(lambda index: Scope(environment, items, index), count)
    scope = Scope(environment, items, 0)
    return compiling, microseconds(one_item, count) - making, microseconds(lambda _: compiled.resolve(scope), count)


def n8n(templates: Sequence[str]) -> dict[str, float]:
    """n8n's times for the templates; empty if its engine cannot be loaded."""
    node = shutil.which("node")
    if node is None:
        return {}
    argument = json.dumps({"item": ITEM, "templates": templates})
    here = Path(__file__).resolve().parent
    done = subprocess.run([node, "-e", N8N, argument], capture_output=True, text=True, check=False, cwd=here)
    result: dict[str, float] = json.loads(done.stdout) if done.returncode == 0 else {}
    return result


def first_import() -> float:
    """Milliseconds that importing the room takes in a new interpreter."""
    code = "import time; t = time.perf_counter(); import nodeloom.expression; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    return min(map(float, runs)) * 1e3


def engine_start() -> float:
    """Milliseconds a thread's first JavaScript expression takes to get its engine."""
    return microseconds(lambda _: Engines().current(), 5) / 1e3


def main() -> None:
    """Print the table."""
    theirs = n8n(PATHS + JAVASCRIPT)
    print(f"{'template':<72} {'compile':>9} {'per item':>9} {'again':>9} {'process':>9} {'n8n':>9}   (µs)")
    for template in PATHS + JAVASCRIPT:
        compiling, per_item, again = measure(template, 20000 if template in PATHS else 3000)
        beside = f"{theirs[template]:9.1f}" if template in theirs else f"{'–':>9}"
        apart = f"{'–':>9}" if template in PATHS else f"{in_process(template, 3000):9.1f}"
        print(f"{template:<72} {compiling:9.1f} {per_item:9.2f} {again:9.2f} {apart} {beside}")
    print(f"\nimport nodeloom.expression: {first_import():.1f} ms; a thread's engine: {engine_start():.1f} ms")
    if not theirs:
        print("n8n's engine is absent: npm install n8n-workflow beside this file to compare.")


if __name__ == "__main__":
    main()
