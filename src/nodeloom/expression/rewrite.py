"""Turn the blocks of a template into one JavaScript function for the engine.

The function has the parameters `PARAMETERS` and gives the one that an evaluation calls. They are all that the printed
code can refer to, beside the variables it declares: `$` names, helpers and unknown names get their values from `name`,
JavaScript's own globals stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nodeloom.expression.analysis import ITEM_NAMES, Facts
from nodeloom.expression.purity import is_pure
from nodeloom.expression.syntax import Node, walk
from nodeloom.expression.syntax.bindings import Names
from nodeloom.expression.syntax.mangling import mangle, text_literal
from nodeloom.expression.syntax.printer import Printer
from nodeloom.expression.ticks import ticking
from nodeloom.expression.words import words

#: Globals that expressions may use as they are.
GLOBALS = words(
    "Object Array String Number Boolean Date RegExp Math JSON Map Set WeakMap WeakSet Symbol BigInt Error "
    "EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError ArrayBuffer DataView "
    "Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array "
    "BigUint64Array Float32Array Float64Array parseInt parseFloat isNaN isFinite encodeURI "
    "encodeURIComponent decodeURI decodeURIComponent Infinity NaN undefined"
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
    """The code of one block, parsed. `start` is its place in the template."""

    code: str
    start: int
    tree: Node
    facts: Facts


class Program(NamedTuple):
    """What the engine compiles: `source`, and what it should have at hand before it runs."""

    source: str
    names: frozenset[str]  # names mentioned and not bound by the code itself
    item: bool  # whether the item's data is needed
    pure: bool  # whether it certainly changes nothing of what it reads
    preload: tuple[tuple[str, str], ...]
    regexes: tuple[tuple[str, str], ...]  # patterns and flags of the regular expressions in it


#: The parameters of a program's function, in their order.
PARAMETERS = (
    "name,tick,extend,extendOptional,extendMaybe,part,join,guard,regex,strings,members,self,grown,power,"
    "caught,ancestor,writable"
)
#: Globals that make BigInts. Code without them, and without a BigInt that is written out, makes none.
_BIGINT_NAMES = words("BigInt BigInt64Array BigUint64Array DataView")


def build_program(blocks: list[Block | str]) -> Program:
    """The program of a template's blocks; text is in between.

    Raises:
        CodeError: it calls too many extension methods on each other.
    """
    code_blocks = [b for b in blocks if isinstance(b, Block)]
    names = frozenset[str]().union(*(b.facts.names for b in code_blocks))
    changed = frozenset[str]().union(*(b.facts.changed for b in code_blocks))
    printer = Printer(
        Names(names, changed),
        ticking(b.tree for b in code_blocks),
        EXTENSIONS,
        bigints=not names.isdisjoint(_BIGINT_NAMES) or any(_is_bigint(n) for b in code_blocks for n in walk(b.tree)),
    )
    if len(blocks) == 1:
        body = f"{_statement(code_blocks[0], printer)}"
    else:
        parts = [text_literal(b) if isinstance(b, str) else _part(b, printer) for b in blocks]
        body = f"return join([{','.join(parts)}])"
    regexes = tuple(printer.regexes)
    hoisted = "".join(
        f"const {name}=regex({text_literal(pattern)},{text_literal(flags)});"
        for (pattern, flags), name in printer.regexes.items()
    )
    variables = _variables(names & printer.used, needs_self=printer.needs_self)
    return Program(
        source=f'(function({PARAMETERS}){{"use strict";{hoisted}return function(){{{variables}{body}}}}})',
        names=names,
        item=not names.isdisjoint(ITEM_NAMES),
        pure=all(is_pure(b.tree, b.facts.changed, EXTENSIONS) for b in code_blocks),
        preload=_preload(code_blocks),
        regexes=regexes,
    )


def _is_bigint(node: Node) -> bool:
    return node.kind == "Literal" and node.text == "bigint"


def _statement(block: Block, printer: Printer) -> str:
    code = f"return({printer.print(block.tree)})"
    if not block.facts.guarded:
        return code
    throws = ",true" if any(node.kind == "Throw" for node in walk(block.tree)) else ""
    return f"try{{{code}}}catch(error){{return guard(error{throws})}}"


def _part(block: Block, printer: Printer) -> str:
    if not block.facts.guarded:
        return f"part(({printer.print(block.tree)}))"
    return f"part((()=>{{{_statement(block, printer)}}})())"


def _variables(names: Iterable[str], *, needs_self: bool) -> str:
    """The declarations of what the code mentions and does not bind itself."""
    declared = [f"{mangle(n)}={n if n in GLOBALS else f'name({text_literal(n)})'}" for n in sorted(names)]
    if needs_self:
        declared.append("self0=self()")
    return f"var {','.join(declared)};" if declared else ""


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
