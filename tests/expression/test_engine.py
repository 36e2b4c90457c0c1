"""The JavaScript evaluator: what it contains, limits and forgets."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import math
import os
import threading
from typing import Any

import pytest

from nodeloom.errors import ExpressionError, ExpressionMemoryError, ExpressionSyntaxError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.engines import Engines

ENGINES = Engines()


def run(code: str, environment: Environment | None = None, **data: Any) -> object:
    scope = Scope(environment or Environment(engines=ENGINES), [{"json": data}], 0)
    return compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(scope)


QUICK = Environment(engines=ENGINES, time_limit=0.15)


@pytest.mark.parametrize(
    "code",
    [
        "(() => { while (true) {} })()",
        "/(a+)+b/.test('a'.repeat(60))",
        "[1, 2].map(() => { for (;;) {} })",
        "(function* () { for (;;) yield 1 })().toArray()",
        "(() => { try { for (;;) {} } catch (e) { return 1 } finally { for (;;) {} } })()",
        "Array.from({ length: 2 ** 32 - 1 }, (_, i) => i % 2).length",
        "$json.a.sort(() => { for (;;) {} })",
        "({ toJSON: 1, valueOf: () => { for (;;) {} } }) + 1",
        "JSON.stringify({ toJSON: () => { for (;;) {} } })",
        "'x'.replace(/x/, () => { for (;;) {} })",
    ],
)
def test_the_limits_hold_whatever_takes_the_time(code: str) -> None:
    """Loops, backtracking, callbacks, generators, handlers."""
    with pytest.raises(ExpressionError):
        run(code, QUICK, a=[3, 2, 1])
    assert run("1 + 1", QUICK) == 2


@pytest.mark.parametrize(
    "code",
    [
        "'x'.repeat(2 ** 29)",
        "(() => { let a = []; for (;;) a.push('x'.repeat(1000) + a.length) })()",
        "(() => { const a = []; for (;;) a.push(...Array(1000).fill({})) })()",
        "new Uint8Array(1e9).length",
        "(() => { let s = 'ab'; for (let i = 0; i < 40; i++) s += s; return s })()",
        "'x'.repeat(2 ** 25)",
        "Array(2 ** 20).join('x'.repeat(63))",
        "[...'x'.repeat(3e7)].length",
    ],
)
def test_memory_and_results_are_bounded(code: str) -> None:
    """The engine is thrown away afterwards, the next evaluation has a new one."""
    before = ENGINES.current()
    with pytest.raises(ExpressionMemoryError):
        run(code)
    assert ENGINES.current() is not before
    assert run("1 + 1") == 2


def test_the_memory_limit_is_the_hosts() -> None:
    """Less for an untrusted author, more for large data."""
    code = "'x'.repeat(32 * 1024 * 1024).length"
    assert run(code) == 32 * 1024 * 1024
    with pytest.raises(ExpressionMemoryError):
        run(code, Environment(engines=ENGINES, memory_limit=4 * 1024 * 1024))


def test_large_items_do_not_count_against_the_limit() -> None:
    """What the host hands over is not what the expression takes."""
    text = "x" * (6 * 1024 * 1024)
    assert run("$json.text.length + 0", Environment(engines=ENGINES, memory_limit=16 * 1024 * 1024), text=text) == len(
        text
    )


def test_recursion_ends_as_an_error_of_the_code() -> None:
    """A RangeError, which makes the block undefined as every other one does (n8n)."""
    assert run("(function f() { return f() })()") is UNDEFINED
    assert run("(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a) })()") is UNDEFINED
    with pytest.raises(ExpressionError):
        run("(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a })()")


@pytest.mark.parametrize(
    "code",
    [
        "Math.max = () => 1",
        "Array.prototype.evil = 1",
        "Object.assign(Math, { evil: 1 })",
        "[].__proto__.evil = 1",
        "(() => { String.evil = 1 })()",
        "(function () { this.evil = 1 })()",
        "(() => { evil = 1 })()",
        "DateTime.evil = 1",
        "DateTime.now().__proto__.evil = 1",
        "$jmespath.evil = 1",
        "Intl.evil = 1",
        "new Date().__proto__.evil = 1",
        "(() => { const e = new Error(); e.__proto__.evil = 1 })()",
        "Error.prepareStackTrace = () => 1",
        "RegExp.evil = 1",
    ],
)
def test_nothing_stays_behind(code: str) -> None:
    """Whatever an evaluation changes, the next does not see."""
    with contextlib.suppress(ExpressionError):
        run(code)
    traces = (
        "[Math, [], {}, '', String, RegExp, Intl, DateTime, DateTime.now(), new Date(), new Error(), Error, $jmespath]"
    )
    assert run(f"{traces}.map(x => x.evil).filter(x => x !== undefined).length") == 0
    assert run("typeof evil + Math.max(1, 2) + typeof Error.prepareStackTrace") == "undefined2undefined"


def test_objects_may_override_what_they_inherit() -> None:
    """Frozen prototypes do not keep code from giving its own objects a `toString` or its errors a name."""
    assert run("(() => { const o = {}; o.toString = () => 'mine'; return `${o}` })()") == "mine"
    assert run("(() => { const e = new Error('x'); e.name = 'Mine'; e.message = 'y'; return `${e}` })()") == "Mine: y"
    assert run("(() => { function F() {} ; const f = new F(); f.valueOf = () => 5; return f + 1 })()") == 6


def test_an_item_is_fresh_for_every_evaluation() -> None:
    """Changes to `$json` are seen within an expression, and by no other one, nor by the host."""
    item = {"json": {"a": [3, 1, 2]}}
    scope = Scope(Environment(engines=ENGINES), [item], 0)
    sort = compile_value("={{ [$json.a.sort(), $json.a] }}", dialect="n8n")
    plain = compile_value("={{ $json.a.concat() }}", dialect="n8n")
    assert sort.resolve(scope) == [[1, 2, 3], [1, 2, 3]]
    assert plain.resolve(scope) == [3, 1, 2]
    assert item["json"]["a"] == [3, 1, 2]


@pytest.mark.parametrize(
    "code",
    [
        "[1].map($json.a.pop, $json.a)",
        "[1].some($json.a['re'.concat('verse')], $json.a)",
        "[1].filter(...[$json.a.pop, $json.a])",
        "JSON.stringify($json, $json.a.sort)",
        "JSON.stringify($json.a, [].reverse)",
        "[1].map($input.all().pop, $input.all())",
        "[1].find($input.all()[0].json.a.pop, $input.all()[0].json.a)",
    ],
)
def test_a_method_that_is_lent_its_data_changes_no_other_evaluations(code: str) -> None:
    """Programs that change nothing share one copy of an item; these only look as if they did not."""
    items: list[Any] = [{"json": {"a": [3, 1, 2]}}, {"json": {"a": [5]}}]
    environment = Environment(engines=ENGINES)
    scope = Scope(environment, items, 0)
    for before in ("$input.all().length", "$json.a.concat()", code):
        with contextlib.suppress(ExpressionError):
            compile_value(f"={{{{ {before} }}}}", dialect="n8n").resolve(scope)
    look = compile_value("={{ [$json.a.concat(), $input.all().map(i => i.json.a)] }}", dialect="n8n")
    for following in (scope, Scope(environment, items, 1)):
        assert look.resolve(following) == [items[following.index]["json"]["a"], [[3, 1, 2], [5]]]


@pytest.mark.parametrize(
    "code",
    [
        "[].map = Array",
        "(() => { [].__proto__.map = () => 'evil' })()",
        "(() => { [1]['__pro'.concat('to__')].map = () => 'evil' })()",
        "(() => { JSON.stringify = () => 'evil'; JSON.parse = () => 'evil' })()",
        "(() => { ({})['__pro'.concat('to__')].toJSON = () => 'evil' })()",
        "(() => { ({})['__pro'.concat('to__')].a = 'evil' })()",
        "(() => { []['__pro'.concat('to__')][Symbol.iterator] = function* () { yield 'evil' } })()",
        "(() => { []['__pro'.concat('to__')][5] = 'evil' })()",
        "(() => { 'x'['__pro'.concat('to__')].replace = () => 'evil' })()",
        "(() => { /x/['__pro'.concat('to__')].exec = () => 'evil' })()",
        "(() => { /x/['__pro'.concat('to__')].lastIndex = 5 })()",
        "(() => { (() => 1)['__pro'.concat('to__')].call = () => 'evil' })()",
        "(() => { new Map()['__pro'.concat('to__')].get = () => 'evil' })()",
        "(() => { new Set([1])['__pro'.concat('to__')].add = () => 'evil' })()",
        "(() => { (5)['__pro'.concat('to__')].toFixed = () => 'evil' })()",
        "(() => { Object['define'.concat('Property')](({})['__pro'.concat('to__')], 'b', { get: () => 'evil' }) })()",
        "(() => { Object['setPrototype'.concat('Of')](Array, { from: () => 'evil' }) })()",
        "Object.assign(({})['__pro'.concat('to__')], { c: 'evil' })",
        "(() => { Math.random = () => 0.5; Date.now = () => 0 })()",
        "(() => { Symbol.for('x').evil = 1 })()",
        "(t => { try { t.raw.push('evil') } catch { t.evil = 1 } })`x`",
        "/(.)/g.exec('evil')",
        "(() => { parseInt = () => 'evil'; undefined = 'evil'; NaN = 5 })()",
        "(() => { var $json = 'evil'; $now = 'evil'; Object = 'evil' })()",
    ],
)
def test_no_built_in_means_something_else_afterwards(code: str) -> None:
    """Redefined methods, polluted prototypes, static state of regular expressions."""
    check = (
        "[[1, 2].map(x => x + 1).join(), JSON.stringify({ a: [1] }), [...'ab', ...[1]].join(), ({}).a, ({}).b, ({}).c,"
        " [][5], 'xy'.replace('x', 'z'), /y/.exec('xy')[0], /y/g.lastIndex, ((a, b) => a + b).call(null, 1, 2),"
        " new Map([[1, 'm']]).get(1), new Set([1, 1]).size, (5).toFixed(1), Array.from([7])[0],"
        " RegExp.$1, RegExp['$_'],"
        " Date.now() > 1e12, parseInt('7'), typeof undefined, NaN !== NaN, typeof Object, $json.n,"
        " (t => t.raw.length + (t.evil ?? 0))`x`, Symbol.for('x').evil]"
    )
    fresh = run(check, n=1)
    with contextlib.suppress(ExpressionError):
        run(code, n=1)
    assert run(check, n=1) == fresh


def test_a_regular_expression_of_a_template_begins_anew_each_time() -> None:
    """Its `lastIndex` is that evaluation's."""
    code = "(() => { const r = /a/g; return r.test($json.s) + ':' + r.lastIndex })()"
    template = compile_value(f"={{{{ {code} }}}}", dialect="n8n")
    answers = {template.resolve(Scope(Environment(engines=ENGINES), [{"json": {"s": "xa"}}], 0)) for _ in range(3)}
    assert answers == {"true:2"}


@pytest.mark.parametrize(
    "code",
    [
        "(() => 1)['const'.concat('ructor')]('return 1')()",
        "eval('1 + 1')",
        "Function('return 1')()",
        "(function* () {})['const'.concat('ructor')]('yield 1')",
        "new Function('return 1')()",
        "setTimeout('1', 0)",
    ],
)
def test_text_never_becomes_code(code: str) -> None:
    """There is no way to a compiler."""
    assert run(code) is UNDEFINED


def test_the_global_object_holds_javascript_only() -> None:
    """No module loader, no standard output, no file, no process."""
    names = run("(function () { return Object.getOwnPropertyNames(this) })()")
    assert isinstance(names, list)
    assert {
        "std",
        "os",
        "print",
        "console",
        "eval",
        "Function",
        "Reflect",
        "Proxy",
        "Atomics",
        "SharedArrayBuffer",
    }.isdisjoint(names)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("-0", -0.0),
        ("1.0", 1),
        ("2 ** 53", 2**53),
        ("2 ** 53 * 4", 2.0**55),
        ("'\\ud83d'", "\ud83d"),
        ("'😀'.length", 2),
        ("[undefined, null, NaN]", None),
        ("new Date(0)", datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)),
        ("new Date(NaN)", None),
        ("({ a: undefined, b: 1 })", {"a": UNDEFINED, "b": 1}),
        ("({ '\\u0000': ['date', 0] })", {"\0": ["date", 0]}),
        ("10n", 10),
        ("new Map([[1, 2]])", {}),
    ],
)
def test_values_cross_as_they_are(code: str, expected: object) -> None:
    """Also the ones that JSON has no word for."""
    value = run(code)
    if code.startswith("[undefined"):
        assert isinstance(value, list)
        assert value[0] is UNDEFINED
        assert value[1] is None
        assert math.isnan(value[2])
    else:
        assert value == expected
        assert type(value) is type(expected)


def test_what_is_no_data_is_refused() -> None:
    """Functions, symbols, promises, iterators, circles."""
    for code in (
        "x => x",
        "Symbol('x')",
        "[1].values()",
        "(() => { const a = []; a.push(a); return a })()",
    ):
        with pytest.raises(ExpressionError):
            run(code)


def test_python_values_reach_javascript() -> None:
    """Dates, numbers that are not finite, undefined; anything else fails with its type."""
    when = datetime.datetime(2024, 3, 15, 10, 20, 30, tzinfo=datetime.UTC)
    assert run("$json.d.getTime() + 0", d=when) == 1710498030000
    assert run("`${$json.x}${$json.y}`", x=math.nan, y=-math.inf) == "NaN-Infinity"
    assert run("typeof $json.u + ''", u=UNDEFINED) == "undefined"
    with pytest.raises(ExpressionError, match="not JSON"):
        run("$json.o + ''", o=object())


def test_tags_cannot_be_forged() -> None:
    """An object that looks like a tag stays an object, in both directions."""
    forged = {"\0": ["date", 0], "d": [{"\0": ["number", "NaN"]}, math.inf]}
    assert run("({ ...$json.forged, e: 1 })", forged=forged) == {**forged, "e": 1}


def test_a_hosts_functions_are_called_by_name() -> None:
    """JSON in, JSON out; the same call is made once."""
    calls: list[tuple[object, ...]] = []

    def double(*arguments: object) -> object:
        calls.append(arguments)
        return [a * 2 for a in arguments]  # type: ignore[operator]

    def broken() -> object:
        raise ValueError("no luck")

    environment = Environment(engines=ENGINES, functions={"double": double, "broken": broken})
    assert run("double(1, 2)[1] + double(1, 2)[0] + double(5)[0]", environment) == 16
    assert calls == [(1, 2), (5,)]
    with pytest.raises(ExpressionError, match="no luck"):
        run("broken()", environment)
    assert run("double(1)") is UNDEFINED


def test_digests_of_many_values_need_no_question_each() -> None:
    """They are asked for together."""
    value = run("$json.names.map(n => n.hash('sha256')).unique().length", names=[f"n{i}" for i in range(1500)])
    assert value == 1500


def test_every_thread_has_its_engine() -> None:
    """Also one with a small stack."""

    def work(number: int) -> object:
        return [run("$json.n + 1", n=number), run("[3, 1].sort().first()"), run("(function f() { return f() })()")]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(20))) == [[n + 1, 1, UNDEFINED] for n in range(20)]
    before = threading.stack_size(256 * 1024)
    try:
        answers: list[object] = []
        thread = threading.Thread(target=lambda: answers.append(work(1)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert answers == [[2, 1, UNDEFINED]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_its_own_engine() -> None:
    """The parent's belongs to the parent."""
    assert run("1 + 1") == 2
    engine = ENGINES.current()
    child = os.fork()
    if child == 0:
        os._exit(0 if run("2 + 2") == 4 and ENGINES.current() is not engine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ENGINES.current() is engine


def test_asynchronous_code_is_refused() -> None:
    """Jobs it queued would run in a later evaluation."""
    with pytest.raises(ExpressionSyntaxError, match="async"):
        run("(() => { (async () => { await 0; Math.x = 1 })(); return 5 })()")


def test_a_hosts_function_may_evaluate_expressions() -> None:
    """It does not get in the way of the evaluation it is called from."""
    template = compile_value("={{ $json.n * 2 + $now.year * 0 }}", dialect="n8n")
    calls: list[int] = []

    def twice(number: int) -> object:
        calls.append(number)
        return template.resolve(Scope(Environment(engines=ENGINES), [{"json": {"n": number}}], 0))

    environment = Environment(engines=ENGINES, functions={"twice": twice})
    assert run("$json.list.map(n => twice(n)).concat(twice(10))", environment, list=[1, 2, 3]) == [2, 4, 6, 20]
    assert calls == [1, 2, 3, 10]


def test_the_helpers_themselves_cannot_be_changed() -> None:
    """Neither functions, nor error classes, nor zones."""
    for code in (
        "$min.evil = 1",
        "(() => { try { [].chunk(0) } catch (e) { e['const'.concat('ructor')].evil = 1 } })()",
        "(() => { DateTime.now().setZone('x/y').zone['const'.concat('ructor')].evil = 1 })()",
        "(() => { [].values().map(x => x)['__pro'.concat('to__')].evil = 1 })()",
    ):
        with contextlib.suppress(ExpressionError):
            run(code)
    seen = (
        "[$min.evil, (() => { try { [].chunk(0) } catch (e) { return e['const'.concat('ructor')].evil } })(),"
        " DateTime.now().setZone('x/y').zone['const'.concat('ructor')].evil, [].values().map(x => x).evil]"
    )
    assert run(seen) == [UNDEFINED] * 4
