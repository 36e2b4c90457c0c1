"""Turn the blocks of a template into one JavaScript function for the engine.

The function is `(function (kit) { return function () { … } })`. Names the code mentions become local
variables: `$` names and helpers get their values from the engine's kit, JavaScript's own globals stay,
unknown names are undefined (n8n).
"""

from __future__ import annotations

import json
from typing import NamedTuple

from nodeloom.expression.analysis import ITEM_NAMES, Facts, is_pure
from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.ticks import ticks
from nodeloom.expression.words import words

#: Globals that expressions may use as they are.
GLOBALS = words(
    "Object Array String Number Boolean Date RegExp Math JSON Map Set WeakMap WeakSet Symbol BigInt Error "
    "EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError ArrayBuffer DataView "
    "Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array "
    "BigUint64Array Float32Array Float64Array parseInt parseFloat isNaN isFinite encodeURI "
    "encodeURIComponent decodeURI decodeURIComponent Infinity NaN undefined arguments"
)

#: The names of n8n's extension methods.
EXTENSIONS = words(
    "abs append average base64Decode base64Encode beginningOf ceil chunk compact diffTo diffToNow difference "
    "endOfMonth extract extractDomain extractEmail extractUrl extractUrlPath first floor format hasField "
    "hash intersection isBetween isDomain isDst isEmail isEmpty isEven isInLast isInteger isNotEmpty "
    "isNumeric isOdd isUrl isWeekend keepFieldsContaining keys last length max merge mergeIntoObject min "
    "minus parseJson pluck plus quote randomItem removeDuplicates removeField removeFieldsContaining "
    "removeMarkdown removeTags renameKeys replaceSpecialChars reverse round smartJoin sum toBoolean toDate "
    "toDateTime toDecimalNumber toFloat toInt toJsonString toNumber toSentenceCase toSnakeCase toTitleCase "
    "toWholeNumber union unique urlDecode urlEncode values"
)


#: Names that mean the same in every run.
_WITHOUT_ENVIRONMENT = (
    (GLOBALS - {"Date"}) | ITEM_NAMES | words("$parameter $value $index $parent $response $if $ifEmpty $min $max")
)


class Block(NamedTuple):
    """The code of one block, parsed. `start` is where it begins in the template."""

    code: str
    start: int
    tree: Node
    facts: Facts


class Program(NamedTuple):
    """What the engine compiles: `source`, and what it should have at hand before it runs."""

    source: str
    names: frozenset[str]  # identifiers mentioned
    item: bool  # whether the item's data is needed
    pure: bool  # whether it certainly changes nothing of what it reads
    volatile: bool  # whether it may leave jobs behind (async code), so that its engine must not be used again
    preload: tuple[tuple[str, str], ...]
    regexes: tuple[tuple[str, str], ...]


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
    if any(node.kind == "This" for block in code_blocks for node in walk(block.tree)):
        body = f"return (function(){{{body}\n}}).call({kit}.this())"
    head = "name,tick,extend,extendOptional,extendMaybe,part,join,guard,regex,strings,self"
    source = f"(function({head}){{const {kit}={{{head},text:join,this:self,regex:(r)=>r}};return function(){{{_locals(names, kit)}{body}\n}}}})"
    return Program(
        source=source,
        names=names,
        item=not names.isdisjoint(ITEM_NAMES),
        pure=all(is_pure(b.tree, EXTENSIONS) for b in code_blocks),
        volatile=any("async" in b.code.lower() for b in code_blocks),
        preload=_preload(code_blocks),
        regexes=(),
    )


def _statement(block: Block, kit: str) -> str:
    code = f"return ({_rewritten(block, kit)}\n)"
    throws = ",true" if "throw" in block.code else ""
    return f"try{{{code}}}catch(e){{return {kit}.guard(e{throws})}}" if block.facts.guarded else code


def _rewritten(block: Block, kit: str) -> str:
    """The block's expression with its extension calls and `$if`s replaced, and with its ticks."""
    tree, code = block.tree, block.code
    edits: list[tuple[int, int, str]] = []
    optional = _optional_chains(tree)
    for node in walk(tree):
        if node.kind == "Call":
            edits += _extension_edits(node, kit, optional) or _if_edits(node)
    openers, closers = ticks(tree, code, kit)
    # At one place, what ends there comes first, the inner end before the outer one; then the outer beginning before the
    # inner one, as they were found.
    found = [(at, 0, -number, at, text) for number, (at, text) in enumerate(closers)]
    found += [(at, 1, 0, at, text) for at, text in openers]
    found += [(begin, 2, number, end, text) for number, (begin, end, text) in enumerate(edits)]
    found.sort(key=lambda edit: edit[:3])
    pieces, at = [], tree.start
    for begin, _rank, _number, end, text in found:
        pieces += [code[at:begin], text]
        at = max(at, end)
    return "".join([*pieces, code[at : tree.end]])


def _extension_edits(call: Node, kit: str, optional: set[int]) -> list[tuple[int, int, str]]:
    """`x.name(args)` → `kit.extend(x,"name",[args])` where `name` is an extension method."""
    callee = call.children[0]
    if callee.kind != "Member" or callee.computed or callee.text not in EXTENSIONS:
        return []
    owner = callee.children[0]
    if owner.kind == "Super":
        return []
    # `x?.name()` is nothing where there is no x, `x.name?.()` also where x has no such method.
    function = "extendMaybe" if call.optional else "extendOptional" if id(callee) in optional else "extend"
    return [
        (call.start, call.start, f"{kit}.{function}("),
        (owner.end, call.inner + 1, f',"{callee.text}",['),
        (call.end - 1, call.end, "])"),
    ]


def _optional_chains(tree: Node) -> set[int]:
    """The accesses and calls that a `?.` in them, or before them, may skip; found from the inside out."""
    found: set[int] = set()
    for node in reversed(list(walk(tree))):
        if node.kind in ("Member", "Call") and (node.optional or id(node.children[0]) in found):
            found.add(id(node))
    return found


def _if_edits(call: Node) -> list[tuple[int, int, str]]:
    """`$if(test, yes, no)` → `((test)?(yes):(no))`, so that only one of the two is evaluated (n8n)."""
    callee, *arguments = call.children
    if callee.kind != "Identifier" or callee.text != "$if" or len(arguments) < 2:
        return []
    if any(a.kind == "Spread" for a in arguments[:3]):
        return []
    test, yes, *rest = arguments
    edits = [(call.start, test.start, "(("), (test.end, yes.start, ")?(")]
    if not rest:
        return [*edits, (yes.end, call.end, "):(false))")]
    return [*edits, (yes.end, rest[0].start, "):("), (rest[0].end, call.end, "))")]


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
    if any(not block.facts.names <= _WITHOUT_ENVIRONMENT for block in blocks):
        wanted["environment", ""] = None
    for block in blocks:
        for path in block.facts.paths:
            if path[0] == "$parameter" and len(path) > 1:
                wanted["parameter", "names"] = None
                wanted["parameter", f"={path[1]}"] = None
        if block.facts.needs_all_items and not block.facts.names.isdisjoint(("$input", "$items", "$item")):
            wanted["items", ""] = None
        for node in walk(block.tree):
            if node.kind == "Call" and node.children[0].text == "$" and len(node.children) == 2:
                name = node.children[1].value
                if isinstance(name, str):
                    wanted["node", name] = None
    return tuple(wanted)
