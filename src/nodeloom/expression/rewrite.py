"""Turn the blocks of a template into one JavaScript function for the engine.

The function is `(function (kit) { return function () { … } })`. Names the code mentions become local variables: `$` names
and helpers get their values from the engine's kit, JavaScript's own globals stay, unknown names are undefined (n8n).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from nodeloom.expression.analysis import ITEM_NAMES, Facts
from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.words import words

#: Globals that expressions may use as they are.
GLOBALS = words(
    "Object Array String Number Boolean Date RegExp Math JSON Map Set WeakMap WeakSet Symbol BigInt Error EvalError RangeError "
    "ReferenceError SyntaxError TypeError URIError AggregateError ArrayBuffer DataView Uint8ClampedArray Int8Array Uint8Array "
    "Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float32Array Float64Array parseInt "
    "parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent Infinity NaN undefined arguments"
)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The code of one block, parsed. `start` is where it begins in the template."""

    code: str
    start: int
    tree: Node
    facts: Facts


@dataclass(frozen=True, slots=True)
class Program:
    """What the engine compiles: `source`, and what it should have at hand before it runs."""

    source: str
    names: frozenset[str]  # identifiers mentioned
    item: bool  # whether the item's data is needed
    volatile: bool  # whether it may leave jobs behind (async code), so that its engine must not be used again
    modules: tuple[str, ...] = ()
    preload: tuple[tuple[str, str], ...] = field(default=())


def build_program(blocks: list[Block | str]) -> Program:
    """The program of a template's blocks; text is in between."""
    code_blocks = [b for b in blocks if isinstance(b, Block)]
    names = frozenset[str]().union(*(b.facts.names for b in code_blocks))
    kit = _unused(names)
    lone = len(blocks) == 1
    if lone:
        body = _statement(code_blocks[0], kit)
    else:
        parts = [
            json.dumps(b) if isinstance(b, str) else f"{kit}.part((()=>{{{_statement(b, kit)}}})())" for b in blocks
        ]
        body = f"return {kit}.text([{','.join(parts)}])"
    source = f"(function({kit}){{return function(){{{_locals(names, kit)}{body}\n}}.bind({kit}.this)}})"
    return Program(
        source=source,
        names=names,
        item=not names.isdisjoint(ITEM_NAMES),
        volatile=any("async" in b.code for b in code_blocks),
        preload=_preload(code_blocks),
    )


def _statement(block: Block, kit: str) -> str:
    code = f"return ({_rewritten(block)}\n)"
    return f"try{{{code}}}catch(e){{return {kit}.guard(e)}}" if block.facts.guarded else code


def _rewritten(block: Block) -> str:
    return block.code[block.tree.start : block.tree.end]


def _locals(names: frozenset[str], kit: str) -> str:
    declared = sorted(names - GLOBALS)
    if not declared:
        return ""
    return "var " + ",".join(f"{n}={kit}.name({json.dumps(n)})" for n in declared) + ";"


def _unused(names: frozenset[str]) -> str:
    name, number = "_kit", 0
    while name in names:
        number += 1
        name = f"_kit{number}"
    return name


def _preload(blocks: list[Block]) -> tuple[tuple[str, str], ...]:
    """What the code will ask for, as far as its text tells: own parameters and other nodes named literally."""
    wanted: dict[tuple[str, str], None] = {}
    for block in blocks:
        for path in block.facts.paths:
            if path[0] == "$parameter" and len(path) > 1:
                wanted["parameter", "names"] = None
                wanted["parameter", f"={path[1]}"] = None
            elif path[0] in ("$vars", "$runIndex", "$workflow", "$execution", "$env"):
                wanted["environment", ""] = None
        if block.facts.needs_all_items and not block.facts.names.isdisjoint(("$input", "$items", "$item")):
            wanted["items", ""] = None
        for node in walk(block.tree):
            if node.kind == "Call" and node.children[0].text == "$" and len(node.children) == 2:
                name = node.children[1].value
                if isinstance(name, str):
                    wanted["node", name] = None
    return tuple(wanted)
