"""Whose an engine is, and what an evaluation can leave behind in it: nothing."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.compiled import Template
from nodeloom.expression.engine import Engine
from nodeloom.expression.engines import Engines, engines_of
from nodeloom.expression.rewrite import PARAMETERS as HELPERS


def template(code: str) -> Template:
    compiled = compile_value(f"={{{{ {code} }}}}", dialect="n8n")
    assert isinstance(compiled, Template)
    return compiled


def altered(compiled: Template, **fields: Any) -> None:
    """Give the template a program that the rules would not make of it."""
    compiled._program = compiled.program._replace(**fields)


def scope(environment: Environment, **data: Any) -> Scope:
    return Scope(environment, [{"json": data}], 0)


def test_two_runtimes_never_share_an_engine() -> None:
    """Although they evaluate on one thread."""
    with Runtime() as one, Runtime() as other:
        assert engines_of(one.environment()) is engines_of(one.environment())
        assert engines_of(one.environment()) is not engines_of(other.environment())
        assert engines_of(one.environment()).current() is not engines_of(other.environment()).current()


def test_an_environment_without_a_runtime_has_engines_of_its_own() -> None:
    environment = Environment()
    assert engines_of(environment) is engines_of(environment)
    assert engines_of(environment) is not engines_of(Environment())


def test_every_thread_of_a_runtime_has_its_engine_until_it_is_closed() -> None:
    engines = Engines()
    found: list[Engine] = []
    thread = threading.Thread(target=lambda: found.append(engines.current()))
    thread.start()
    thread.join()
    own = engines.current()
    assert found
    assert found[0] is not own
    assert engines.current() is own
    engines.close()
    assert engines.current() is not own


COUNTERS = [
    "(arguments.callee.n = (arguments.callee.n || 0) + 1)",
    "(function f() { f.n = (f.n || 0) + 1; return f.n })()",
    "(() => { const f = (t) => t; f.n = (f.n || 0) + 1; return f.n })()",
    "(() => { const r = /a/g; r.n = (r.n || 0) + 1; return r.n })()",
    "(() => { const r = /a/g; r.test('aa'); return r.lastIndex })()",
    "((t) => { t.n = (t.n || 0) + 1; return t.n })`x`",
    "(() => { const t = ((s) => s)`x`; if (t.seen) return 2; try { t.seen = true } catch { return 1 }; return 1 })()",
    "(() => { $json.n = ($json.n || 0) + 1; return $json.n })()",
    "(() => { const e = new Error(); e.constructor_n = 1; try { Error.n = (Error.n || 0) + 1 } catch { return 1 };"
    " return Error.n })()",
    "(() => { this.n = (this.n || 0) + 1; return this.n })()",
    "(() => { $now.n = ($now.n || 0) + 1; return $now.n })()",
    "(() => { try { DateTime.n = (DateTime.n || 0) + 1 } catch { return 1 } return DateTime.n })()",
    "(() => { try { zip.n = (zip.n || 0) + 1 } catch { return 1 } return zip.n })()",
    "(() => { $vars.n = ($vars.n || 0) + 1; return $vars.n })()",
    "(() => { $workflow.n = ($workflow.n || 0) + 1; return $workflow.n })()",
    "(() => { $parameter.n = 1; return $parameter.n === undefined ? 1 : 2 })()",
]


@pytest.mark.slow
@pytest.mark.parametrize("code", COUNTERS)
def test_no_evaluation_counts_the_ones_before_it(code: str) -> None:
    """Neither those for other items, nor those of other runs with the same engine."""
    engines = Engines()
    counting = template(code)
    answers = []
    for _run in range(2):
        environment = Environment(engines=engines, vars={}, workflow={"id": "1"})
        for index in range(3):
            try:
                answers.append(counting.resolve(scope(environment, item=index)))
            except ExpressionError as fault:
                answers.append(fault.message)
    assert len({repr(answer) for answer in answers}) == 1, answers


CHANGES = [
    "(() => { for ($json.a of ['EVIL']); })()",
    "(() => { for ($json.a in { EVIL: 1 }); })()",
    "(() => { for ([$json.a] of [['EVIL']]); })()",
    "(() => { for ({ x: $json.a } of [{ x: 'EVIL' }]); })()",
    "([$json.a] = ['EVIL'])",
    "({ x: $json.a } = { x: 'EVIL' })",
    "({ ...$json.a } = { x: 'EVIL' })",
    "[$json.list[0] = 'EVIL']",
    "($json.a = 'EVIL')",
    "$json.n++",
    "delete $json.a",
    "Object.assign($json, { a: 'EVIL' })",
    "$json.list.push('EVIL')",
    "$json['list'].reverse()",
    "[].reverse.call($json.list)",
    "($input.all()[0].json.a = 'EVIL')",
    "($input.item.json.a = 'EVIL')",
    "($input.first().json.list.length = 0)",
    "(() => { const { list } = $json; list.fill('EVIL') })()",
]


@pytest.mark.slow
@pytest.mark.parametrize("judged", [True, False], ids=["as-judged", "taken-for-pure"])
@pytest.mark.parametrize("code", CHANGES)
def test_no_program_changes_an_item_for_another(code: str, judged: bool) -> None:
    """Also if it is wrongly taken for one that changes nothing: what several programs have is frozen."""
    environment = Environment()
    item = {"a": "own", "n": 1, "list": ["x", "y"]}
    here = scope(environment, **item)
    evil, look = template(code), template("[$json.a, $json.n, ...$json.list, $input.all().length].concat()")
    if not judged:
        altered(evil, pure=True)
    right = ["own", 1, "x", "y", 1]
    for _ in range(3):
        assert look.resolve(here) == right
        with contextlib.suppress(ExpressionError):
            evil.resolve(here)
    assert look.resolve(here) == right
    assert item == {"a": "own", "n": 1, "list": ["x", "y"]}


def test_data_with_dates_is_never_shared() -> None:
    """A date changes though it is frozen."""
    import datetime

    when = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    here = scope(Environment(), when=when)
    evil = template("$json.when.setTime(0)")
    altered(evil, pure=True)
    look = template("$json.when.getTime() + 0")
    for _ in range(3):
        assert look.resolve(here) == 1704067200000
        evil.resolve(here)


def test_programs_that_read_an_item_share_what_is_frozen() -> None:
    """From the second on; a program that changes its data has a copy that it can change."""
    here = scope(Environment(), list=[3, 1, 2])
    frozen = template("[Object.isFrozen($json), Object.isFrozen($json.list)]")
    altered(frozen, pure=True)
    assert frozen.resolve(here) == [False, False]
    assert frozen.resolve(here) == [True, True]
    assert template("$json.list.sort()").resolve(here) == [1, 2, 3]
    assert template("[Object.isFrozen($json), $json.list.push(4)]").resolve(here) == [False, 4]


def test_what_a_program_is_given_is_frozen_and_nothing_but_functions() -> None:
    """Helpers: no object that holds an evaluator, a loader, or other evaluations."""
    environment = Environment()
    trial = template("[$json.a].concat()")
    each = f"[{HELPERS}]"
    body = f"{each}.map(h => [typeof h, Object.isFrozen(h), Object.getOwnPropertyNames(h).sort().join()].join(' '))"
    altered(trial, source=f'(function({HELPERS}){{"use strict";return function(){{return {body}}}}})')
    assert trial.resolve(scope(environment, a=1)) == ["function true length,name"] * len(HELPERS.split(","))


@pytest.mark.parametrize(
    "body",
    [
        "(async () => { await 0; Math.x = 1 })(); return 5",
        "(async function () { for (;;) await 0 })(); return 5",
        "(async () => { for await (const x of [1]) { await x } })(); return 5",
    ],
)
def test_an_engine_with_jobs_that_wait_is_not_used_again(body: str) -> None:
    """No author can write such code; if any way to it is found, the jobs end with their engine."""
    environment = Environment()
    trial = template("[$json.a].concat()")
    altered(trial, source=f"(function({HELPERS}){{return function(){{{body}}}}})")
    before = engines_of(environment).current()
    assert trial.resolve(scope(environment, a=1)) == 5
    assert engines_of(environment).current() is not before


def test_an_engine_reads_no_file_that_is_no_module() -> None:
    """Whatever asks for it."""
    environment = Environment()
    trial = template("[$json.a].concat()")
    body = "return name('x'), extend([1], 'first', [])"
    altered(trial, source=f"(function({HELPERS}){{return function(){{{body}}}}})")
    assert trial.resolve(scope(environment, a=1)) == 1
    with pytest.raises(ExpressionError, match="module that does not exist"):
        engines_of(environment).current().load("../../importers/js/loader")


@pytest.mark.slow
def test_a_time_limit_counts_what_questions_cost_too() -> None:
    """A run that is repeated for each answer cannot go on for long; waiting for a host's function does not count."""
    calls = []

    def slow(number: int) -> int:
        threading.Event().wait(0.05)
        calls.append(number)
        return number

    environment = Environment(functions={"slow": slow}, time_limit=0.2)
    run = template("(() => { let sum = 0; for (let i = 0; i < 12; i++) sum += slow(i); return sum })()")
    assert run.resolve(scope(environment)) == sum(range(12))
    assert calls == list(range(12))
    assert template("slow(1) + missing").resolve(scope(environment)) is not UNDEFINED


_OVERRIDABLE = [
    *(f"({{}}).{name}" for name in ["toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf"]),
    "[].toString",
    "(() => 1).toString",
    "new Date().toString",
    "new Date().toJSON",
    "new Error().toString",
]


@pytest.mark.slow
@pytest.mark.parametrize("method", _OVERRIDABLE)
@pytest.mark.parametrize("process", [False, True])
def test_a_method_that_objects_may_have_of_their_own_keeps_nothing(method: str, process: bool) -> None:
    """An accessor gives it, so that it is no property of a frozen prototype; it is frozen itself."""
    environment = Environment(engines=Engines(process=process))
    leaving = template(f"(() => {{ {method}.left = $json.secret; return 1 }})()")
    calling = template(f"(() => {{ {method}.call = () => $json.secret; return 1 }})()")
    for each in (leaving, calling):
        assert each.resolve(scope(environment, secret="of-this-run")) is UNDEFINED
    assert template(f"{method}.left ?? 'nothing'").resolve(scope(environment)) == "nothing"
    assert template(f"Object.hasOwn({method}, 'call')").resolve(scope(environment)) is False


#: Visits what can be reached from a value: `LOOK` for every object, with its name.
_WALK = """(() => {
    const seen = new Set(), found = [];
    const visit = (value, path, depth) => {
        const skip = value === null || !['object', 'function'].includes(typeof value);
        if (skip || seen.has(value) || depth > 7)
            return;
        seen.add(value);
        LOOK;
        const see = (read, key) => { try { visit(read(), path + key, depth + 1) } catch (error) { error } };
        for (const key of [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertySymbols(value)]) {
            see(() => value[key], '.' + String(key));
            const property = Object['getOwn'.concat('PropertyDescriptor')](value, key);
            see(() => property.get, '.get ' + String(key));
            see(() => property.set, '.set ' + String(key));
        }
        see(() => Object['getPrototype'.concat('Of')](value), '.^');
    };
    visit(ROOT, '', 0);
    return found.join();
})()"""
_ROOTS = [
    *[
        "[]",
        "''",
        "1",
        "(x=>x)",
        "/a/",
        "Symbol.iterator",
        "1n",
        "$now",
        "Duration",
        "Interval",
        "Intl",
        "$jmespath",
        "$if",
        "extend",
        "numberList",
        "zip",
    ],
    *[
        "odata",
        "Object",
        "Array",
        "Math",
        "JSON",
        "Symbol",
        "Error",
        "$input",
        "$parameter",
        "Date",
        "Map",
        "Set",
        "WeakMap",
        "Uint8Array",
        "DataView",
    ],
    "[].values()",
    "'a'.matchAll(/a/g)",
    "(function* () { })()",
    "(x => x)`a`",
    "(() => { try { odata() } catch (e) { return e } })()",
    "extendOptional([1], 'map')",
    "new Intl.NumberFormat('en')",
]


@pytest.mark.slow
def test_nothing_within_reach_keeps_anything() -> None:
    """Whatever an evaluation can reach, it leaves nothing there that the next one could find."""
    environment = Environment(engines=Engines())
    for root in _ROOTS:
        code = _WALK.replace("ROOT", root)
        leaving = code.replace("LOOK", "try { value.left = 1 } catch (error) { error }")
        assert template(leaving).resolve(scope(environment)) == "", root
    for root in _ROOTS:
        code = _WALK.replace("ROOT", root)
        finding = code.replace("LOOK", "if (Object.hasOwn(value, 'left')) found.push(path)")
        assert template(finding).resolve(scope(environment)) == "", root
