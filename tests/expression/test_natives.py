"""Every function that an author can reach is known, and nothing reachable begins a job that outlives an evaluation.

`natives.txt` lists what a walk over all properties and prototypes finds, in three parts. A new release of QuickJS
with a new built-in function, or a new way to an old one, fails here before it opens a hole: look at what it does with
something large (`fuzz/natives.py` tries), bound it or take it away (js/native-*.js, js/harden.js), and then add it to
the list.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.engines import Engines
from nodeloom.expression.modules import boot_sources
from nodeloom.expression.rewrite import GLOBALS

ENGINES = Engines()
LIST = Path(__file__).with_name("natives.txt")

# What an author could write: names that may not stand in the code are put together.
WALK = """(() => {
  const reflect = (...pieces) => Object[pieces.join("")];
  const prototypeOf = reflect("getProto", "typeOf");
  const describe = reflect("getOwnProperty", "Descriptor");
  const seen = new Map();
  const waiting = [];
  const add = (value, path) => {
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
    seen.set(value, path);
    waiting.push(value);
  };
  const attempt = (make) => { try { return make() } catch (error) { return error } };
  const visit = () => {
    for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) {
      const path = seen.get(value);
      attempt(() => add(prototypeOf(value), `${path}.__proto__`));
      const keys = attempt(() => [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertySymbols(value)]);
      if (!Array.isArray(keys)) continue;
      for (const key of keys) {
        const name = typeof key === "symbol" ? `@@${key.description.slice(7)}` : key;
        const property = attempt(() => describe(value, key)) ?? {};
        add(property.value, `${path}.${name}`);
        add(property.get, `${path}.${name} get`);
        add(property.set, `${path}.${name} set`);
        attempt(() => add(value[key], `${path}.${name}`));
      }
    }
  };
  const groups = GROUPS;
  const found = groups.map((roots) => {
    const before = seen.size;
    for (const name of Object.keys(roots)) add(attempt(roots[name]), name);
    visit();
    return [...seen].slice(before).filter(([value]) => typeof value === "function").map(
      ([value, path]) => `${attempt(() => `${value}`).includes("[native code]") ? "native" : "ours"} ${path}`);
  });
  return found;
})()"""

FIRST = [
    "Object",
    "Array",
    "String",
    "Number",
    "Boolean",
    "Symbol",
    "BigInt",
    "Math",
    "JSON",
    "Date",
    "RegExp",
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "Error",
]
UNNAMED = {
    "function": "function () {}",
    "generator function": "function* () {}",
    "generator": "(function* () {})()",
    "array iterator": "[].values()",
    "text iterator": "''[Symbol.iterator]()",
    "map iterator": "new Map().keys()",
    "set iterator": "new Set().keys()",
    "match iterator": "''.matchAll(/./g)",
    "iterator helper": "[].values().map((x) => x)",
    "template": "((text) => text)`a`",
    "stack overflow": "(function f() { f() })()",
    "no such name": "(() => { const a = 1; a = 2 })()",
    "bigint": "Object(1n)",
    "symbol": "Object(Symbol())",
}
#: Built-in functions that do nothing themselves but call what looks at the clock.
CALLING = {
    "Array.prototype.toString",
    "Object.__proto__.@@hasInstance",
    "Object.__proto__.call",
    "Object.prototype.isPrototypeOf",
    "RegExp.prototype.@@match",
    "RegExp.prototype.@@matchAll",
    "RegExp.prototype.@@search",
    "RegExp.prototype.test",
    "generator function.__proto__.prototype.next",
    "generator function.__proto__.prototype.return",
    "generator function.__proto__.prototype.throw",
    "iterator helper.__proto__.next",
    "iterator helper.__proto__.return",
    "match iterator.__proto__.next",
}


def _listed() -> dict[str, set[str]]:
    parts = LIST.read_text("utf-8").split("# ")[1:]
    return {part.partition(":")[0]: set(part.splitlines()[1:]) - {""} for part in parts}


@cache
def _walked() -> tuple[dict[str, str], dict[str, str]]:
    """The functions that are reachable from JavaScript's own objects, and what the names of a scope lead to besides."""
    names = [*FIRST, *sorted(GLOBALS - set(FIRST) - {"NaN", "Infinity", "undefined"})]
    own = {**{name: name for name in names}, **UNNAMED}
    given = sorted(set(re.findall(r'(?:define|constant)\("([^"]+)"', "".join(boot_sources()))) - {"$"})
    given += [
        "min",
        "$max",
        "average",
        "not",
        "DateTime",
        "Duration",
        "Interval",
        "process",
        "$fromAI",
        "module",
        "this",
    ]
    calls = [
        "$('A')",
        "$node['A']",
        "$items()",
        "$input.all()",
        "DateTime.now().diffNow()",
        "new Intl.ListFormat('en')",
    ]
    calls += [
        "new Intl.NumberFormat('en')",
        "new Intl.DateTimeFormat('en')",
        "new Intl.Collator('en')",
        "$now.toObject()",
    ]
    scope = {name: name for name in [*given, *calls]}
    groups = ["{%s}" % ",".join(f"{name!r}: () => ({code})" for name, code in part.items()) for part in (own, scope)]  # noqa: UP031
    code = WALK.replace("GROUPS", f"[{','.join(groups)}]")
    items = [{"json": {"a": [1]}, "binary": {"file": {"mimeType": "text/plain"}}}]
    environment = Environment(engines=ENGINES, time_limit=30, nodes={"A": items}, vars={"a": 1})
    found: Any = compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(Scope(environment, items, 0))
    first, second = found
    return _kinds(first), _kinds(second)


def _kinds(lines: list[str]) -> dict[str, str]:
    return {path: kind for kind, path in (line.split(" ", 1) for line in lines)}


def test_every_function_an_author_can_reach_is_in_one_part_of_the_list() -> None:
    listed = _listed()
    assert set(listed) == {"metered", "bounded", "cheap"}
    paths = [path for part in listed.values() for path in part]
    assert len(paths) == len(set(paths))
    found, _ = _walked()
    assert sorted(set(found) - set(paths)) == []
    assert sorted(set(paths) - set(found)) == []


def test_what_is_metered_or_bounded_is_no_longer_quickjs_own() -> None:
    listed, (found, _) = _listed(), _walked()
    own = {path for path in listed["metered"] | listed["bounded"] if found[path] == "native"}
    assert own == CALLING


def test_the_names_of_a_scope_lead_to_no_other_built_in_function() -> None:
    """What they lead to is written in JavaScript, and looks at the clock as an author's code does."""
    _, further = _walked()
    assert len(further) > 100
    classes = {"Intl.Collator", "Intl.DateTimeFormat", "Intl.NumberFormat"}  # proxies, to be called without `new`
    assert {path for path, kind in further.items() if kind == "native"} == classes


@pytest.mark.slow
@pytest.mark.parametrize(
    "word",
    [
        "async",
        "promise",
        "then",
        "job",
        "defer",
        "timeout",
        "interval(",
        "queue",
        "worker",
        "atomics",
        "shared",
        "weakref",
        "finaliz",
        "reflect",
        "proxy",
        "dispos",
        "performance",
        "import",
        "require",
        "setproto",
        "defineprop",
        "caller",
        "fileName",
    ],
)
def test_nothing_reachable_has_a_telling_name(word: str) -> None:
    """Jobs would run in a later evaluation; code could be made of text; what lasts could be changed."""
    found, further = _walked()
    allowed = {"Symbol.asyncIterator", "Symbol.asyncDispose"}
    telling = {
        path for path in (*found, *further) if word.lower() in path.lower() and path.rpartition(".")[2] not in allowed
    }
    assert telling <= {"array iterator.__proto__.__proto__.@@dispose"}


@pytest.mark.parametrize(
    "code",
    [
        'Array["fromAsy".concat("nc")]',
        '[]["const".concat("ructor")]["fromAsy".concat("nc")]',
        '(function* () {})["const".concat("ructor")].name === "GeneratorFunction" || undefined',
        'Object["setProto".concat("typeOf")]',
        'Object["defineProp".concat("erty")]',
        'Object["defineProp".concat("erties")]',
        '({})["__pro".concat("to__")]',
        '({})["__define".concat("Getter__")]',
        '({})["__lookup".concat("Setter__")]',
        'Iterator',
        '[].values()["const".concat("ructor")]["fr".concat("om")]',
        '[].values().drop',
        '/a/["com".concat("pile")]',
        'Error["captureStack".concat("Trace")]',
        '(() => 1)["call".concat("er")]',
        '(() => 1)["fileN".concat("ame")]',
        'Array["proto".concat("type")][Symbol.unscopables]',
    ],
)  # fmt: skip
def test_what_begins_jobs_or_changes_what_exists_is_not_there(js: object, code: str) -> None:
    assert callable(js)
    assert js(code) is UNDEFINED or js(f"Object.keys({code}).length") == 0


@pytest.mark.parametrize(
    "name",
    [
        "Promise",
        "Reflect",
        "Proxy",
        "Atomics",
        "SharedArrayBuffer",
        "WeakRef",
        "FinalizationRegistry",
        "queueMicrotask",
        "setTimeout",
        "eval",
        "Function",
        "DisposableStack",
        "AsyncDisposableStack",
        "performance",
        "DOMException",
        "btoa",
        "atob",
        "globalThis",
        "Iterator",
        "InternalError",
    ],
)
def test_no_such_global_has_a_property_or_makes_anything(js: object, name: str) -> None:
    assert callable(js)
    assert js(f"typeof {name} === 'undefined' || Object.getOwnPropertyNames({name}).length === 0") is True


def test_what_a_later_evaluation_uses_cannot_be_changed(js: object) -> None:
    assert callable(js)
    for code in ["delete ''.trim.name", "[].map.evil = 1", "Object.freeze([].values().x = 1)", "Math.max.length = 9"]:
        js(code)
    assert js("[''.trim.name, [].map.evil, [].values().x, Math.max.length]") == ["trim", UNDEFINED, UNDEFINED, 2]
