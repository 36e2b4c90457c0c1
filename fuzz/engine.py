"""The target of the engine: a program stays within its limits, gives a value or an error, and leaves nothing behind.

Three things are judged after each program, with a real engine: the processor time it took; what QuickJS holds
afterwards; and whether anything that another program can reach is another one than before, the item of the host and
what a run with a credential sees included.
"""

from __future__ import annotations

import copy
import json
import time
from typing import Any

from fuzz.calls import calls
from fuzz.inputs import Input
from fuzz.programs import program
from fuzz.promises import hold
from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.analysis import REFLECTION
from nodeloom.expression.engines import engines_of
from nodeloom.expression.modules import MODULES
from nodeloom.expression.rewrite import EXTENSIONS
from nodeloom.expression.words import words

LIMIT = 0.05  # seconds of processor time a program may take
#: Seconds beyond the limit: a built-in function that does not look at the clock is bounded by 100 ms.
GRACE = 0.25
MEMORY = 32 * 1024 * 1024
#: Bytes that an engine may hold more after a program than after the one before it; the program itself is kept.
KEPT = 2 * 1024 * 1024
#: Programs until another engine is made.
_PROGRAMS = 300
_EXTENDED = words("text list number object date")
_LIMITS = ("error: ExpressionTimeoutError", "error: ExpressionMemoryError")
_OF_ANOTHER = "of-another-run"

_ITEM: dict[str, Any] = {
    "list": [3, 1, 2],
    "object": {"a": {"b": [1]}, "length": 2},
    "text": "Aé😀 b@example.com",
    "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
}

# What can be reached from the global object: the paths of objects that are not frozen, and the names of methods by the
# kind of value that has them.
_WALK = """(function (whole) {
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, isFrozen } = Object;
  const seen = new Map([[whole, "global"]]);
  const changeable = [];
  for (const [object, path] of seen) {
    if (!isFrozen(object)) changeable.push(path);
    const visit = (value, key) => {
      if (value === null || (typeof value !== "object" && typeof value !== "function")) return;
      if (!seen.has(value)) seen.set(value, `${path}.${String(key)}`);
    };
    visit(getPrototypeOf(object), "(prototype)");
    for (const key of [...getOwnPropertyNames(object), ...getOwnPropertySymbols(object)]) {
      const found = getOwnPropertyDescriptor(object, key);
      for (const value of [found.value, found.get, found.set]) visit(value, key);
    }
  }
  const samples = {
    text: "", list: [], number: 1, object: {}, date: new Date(0), regex: /a/, map: new Map(), set: new Set(),
    bytes: new Uint8Array(1), func: () => 1, bigint: 1n, iterator: [].values(),
    Object, Array, String, Number, Math, JSON,
  };
  const methods = {};
  for (const kind of Object.keys(samples)) {
    methods[kind] = [];
    for (let at = Object(samples[kind]); at !== null; at = getPrototypeOf(at))
      methods[kind].push(...getOwnPropertyNames(at));
  }
  return JSON.stringify({ changeable, methods });
})(this)"""

_PROBE = compile_value(
    "={{ JSON.stringify([$json, $credentials.token, Object.keys($json).sort(), [3, 1, 2].toSorted().map((x) => x + 1),"
    " 'é b'.toTitleCase(), [1, 1].unique(), ({}).x, [].x, (() => {}).x, `${[1, [2]]}`, $input.first().json.text,"
    " DateTime.fromISO('2024-03-15T00:00:00Z').plus({ days: 1 }).toISO(), /a(.)/g[Symbol.replace]('ab', '$1'),"
    " new Date(0).toISOString(), 0.1 + 0.2, $if(true, 1, 2), typeof globalThis]) }}",
    dialect="n8n",
)


class _Bench:
    """An engine, and what it looked like when it was new."""

    def __init__(self) -> None:
        self.environment = Environment(time_limit=LIMIT, memory_limit=MEMORY)
        self.patient = Environment(time_limit=10, engines=engines_of(self.environment))
        self.programs = 0
        self.engine = engines_of(self.environment).current()
        for module in MODULES:
            self.engine.load(module)
        self._context = self.engine.interpreter._context  # type: ignore[attr-defined]  # the one in this process has it
        reached = json.loads(self._context.eval(_WALK))
        hold(not reached["changeable"], "what every program reaches can be changed", reached["changeable"])
        self.methods = _callable(reached["methods"])
        self.seen = self.probe()
        self.size = self.used()

    def used(self) -> int:
        self._context.gc()
        return int(self._context.memory()["malloc_size"])

    def probe(self) -> object:
        """What a run with a credential sees of this engine."""
        scope = Scope(self.patient, [{"json": _ITEM}], 0, names={"$credentials": {"token": _OF_ANOTHER}})
        return _PROBE.resolve(scope)


_benches: list[_Bench] = []


def engine(data: bytes) -> None:
    """Judge one program."""
    if not _benches or _benches[0].programs >= _PROGRAMS:
        _benches[:] = [_Bench()]
    bench = _benches[0]
    bench.programs += 1
    given = Input(data)
    code = program(given) if given.byte() % 4 == 0 else calls(given, bench.methods)
    try:
        compiled = compile_value("={{ " + code + " }}", dialect="n8n")
    except ExpressionError:
        return
    item = {"json": copy.deepcopy(_ITEM)}
    first = _judged(bench, compiled, item, code)
    if engines_of(bench.environment).current() is not bench.engine:  # the limit ended it, and its engine with it
        _benches.clear()
        return
    hold(bench.probe() == bench.seen, "another run sees something else", code)
    again = _judged(bench, compiled, item, code)
    hold(_OF_ANOTHER not in again, "a value of another run is seen", code, again)
    hold(first == again or again in _LIMITS or _is_of_the_moment(code), "a program remembers", code, first, again)
    hold(item["json"] == _ITEM, "the host's item has changed", code, item)
    if engines_of(bench.environment).current() is not bench.engine:
        _benches.clear()
        return
    size = bench.used()
    hold(size <= bench.size + KEPT, "an engine holds more than before", code, bench.size, size)
    bench.size = size


def _callable(methods: dict[str, list[str]]) -> dict[str, list[str]]:
    """The names a template may write, with n8n's own methods for the kinds that have them."""
    extended = {kind: [*names, *EXTENSIONS] if kind in _EXTENDED else names for kind, names in methods.items()}
    return {kind: sorted(set(names) - REFLECTION) for kind, names in extended.items()}


def _is_of_the_moment(code: str) -> bool:
    """Whether it asks for the time or for chance."""
    return any(word in code for word in ("now", "today", "andom", "Date", "diff", "local", "Locale", "stack", "utc"))


def _judged(bench: _Bench, compiled: Any, item: dict[str, Any], code: str) -> str:
    """What a program gives, as text; its time is judged."""
    started = time.thread_time()
    try:
        value = compiled.resolve(Scope(bench.environment, [item], 0))
        told = "undefined" if value is UNDEFINED else json.dumps(value, default=repr)
    except ExpressionError as fault:
        told = f"error: {type(fault).__name__}"
    took = time.thread_time() - started
    hold(took <= LIMIT * 2 + GRACE, "a program takes longer than its limit", code, took)
    return told
