"""What a template is resolved against: the constants of a run, and the item at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from nodeloom.errors import ExpressionError, UnknownNameError, preview
from nodeloom.expression.words import words
from nodeloom.values import UNDEFINED, Item, Json

if TYPE_CHECKING:
    from nodeloom.expression.analysis import Path
    from nodeloom.expression.rewrite import Program

_NO_NAMES: Final = frozenset[str]()
_EMPTY: Final[dict[str, Json]] = {}


#: Names that `names=` cannot replace: the path evaluator reads them from the scope itself.
OWN_NAMES = words(
    "$json $data $binary $itemIndex $position $thisItemIndex $runIndex $thisRunIndex $vars $parameter $input"
)

#: The `$` names that n8n 2.41 and Nodeloom give to templates (js/names.js has most of them).
HOLDERS = OWN_NAMES | words(
    "$ $average $credentials $env $evaluateExpression $execution $executionId $fromAI $fromAi $fromai $getPairedItem"
    " $if $ifEmpty $index $item $items $jmesPath $jmespath $max $min $mode $node $nodeId $nodeVersion $not $now"
    " $pageCount $parent $prevNode $rawParameter $request $response $responseItem $secrets $self $thisItem $today $tool"
    " $value $version $webhookId $workflow"
)

#: What templates have besides these and JavaScript's globals; the second half are empty objects, as in n8n.
HELPERS = words(
    "DateTime Duration Interval Intl average constructor extend extendOptional max min not numberList odata process"
    " this toPathSegment zip"
) | words(
    "AsyncFunction AsyncGenerator AsyncGeneratorFunction Atomics Buffer Function Generator GeneratorFunction Promise"
    " Proxy Reflect WebAssembly Window XMLHttpRequest __dirname __filename alert arguments confirm document escape eval"
    " fetch global globalThis module prompt queueMicrotask require self setImmediate setInterval setTimeout unescape"
    " uneval window"
)


class Evaluator(Protocol):
    """What evaluates programs: the engines of a runtime."""

    def evaluate(self, program: Program, scope: Scope) -> object:
        """The value of `program` for `scope`. Raises ExpressionError if there is none."""


class NoItem:
    """Stands for the data of an item that does not exist; reading it fails (n8n)."""


NO_ITEM = NoItem()


def no_item() -> ExpressionError:
    """The error for reading an item that does not exist."""
    return ExpressionError("There is no item here: the index is out of range, or there are no input items.")


def without_content(files: Mapping[str, object]) -> Item:
    """What is known of an item's files, their `data` left out (n8n)."""
    return {
        name: {k: v for k, v in file.items() if k != "data"} if isinstance(file, Mapping) else file
        for name, file in files.items()
    }


class Compiled:
    """A value ready to be resolved against a scope.

    Attributes:
        source: what was written.
        static: whether there is no template inside; then `value` is the constant.
        names: the `$` names referred to.
        references: member paths read, such as `("$json", "Link")`.
        needs_javascript: whether the JavaScript evaluator is needed (the path evaluator can do the rest).
        needs_all_items: whether it refers to items other than the current one.
        strange: names in its code that are undefined, unless a plugin's function is called so.
    """

    __slots__ = (
        "names",
        "needs_all_items",
        "needs_javascript",
        "property",
        "references",
        "source",
        "static",
        "strange",
        "value",
    )

    def __init__(self, source: object, property: str | None = None) -> None:  # noqa: A002 - the descriptor's own word
        self.source = source
        self.property = property
        self.static = False
        self.value: object = None
        self.names = _NO_NAMES
        self.references: tuple[Path, ...] = ()
        self.needs_javascript = False
        self.needs_all_items = False
        self.strange = _NO_NAMES

    def resolve(self, scope: Scope) -> object:
        """The value for the scope's item; `UNDEFINED` where JavaScript would say undefined.

        Raises:
            ExpressionError: it cannot be evaluated.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {preview(self.source)}>"


class Environment:
    """The constants of one run.

    Args:
        timezone: IANA name of the zone that `$now`, `$today`, luxon and JavaScript's `Date` take for local time; the
            zone of the process has no part in it.
        env: what `$env` shows; None (default) blocks it.
        vars: what `$vars` shows.
        nodes: items of other nodes by name, for `$("name")` and `$node["name"]`.
        functions: further functions by name, called with JSON values and returning JSON values.
        javascript: whether templates that need JavaScript are evaluated at all.
        engines: the JavaScript engines that evaluate them, those of the runtime; without, the environment has its own
            (`engines_of`).
        time_limit: seconds of processor time one evaluation may take.
        memory_limit: bytes one evaluation may use.
        run_index: `$runIndex`.
        workflow, execution: what `$workflow` and `$execution` show.
        is_run: whether templates are evaluated for a run, whose items `$items()` gives.
    """

    __slots__ = (
        "engines",
        "env",
        "execution",
        "functions",
        "is_run",
        "javascript",
        "memory_limit",
        "nodes",
        "run_index",
        "time_limit",
        "timezone",
        "vars",
        "workflow",
    )

    def __init__(
        self,
        *,
        timezone: str = "UTC",
        env: Mapping[str, str] | None = None,
        vars: Mapping[str, object] | None = None,  # noqa: A002 - the name it has in expressions
        nodes: Mapping[str, Sequence[Item]] | None = None,
        functions: Mapping[str, Callable[..., object]] | None = None,
        javascript: bool = True,
        engines: Evaluator | None = None,
        time_limit: float = 1.0,
        memory_limit: int = 64 * 1024 * 1024,
        run_index: int = 0,
        workflow: Mapping[str, object] | None = None,
        execution: Mapping[str, object] | None = None,
        is_run: bool = False,
    ) -> None:
        self.timezone = timezone
        self.env = env
        self.vars = vars
        self.nodes = _EMPTY if nodes is None else nodes
        self.functions = _EMPTY if functions is None else functions
        self.javascript = javascript
        self.engines = engines
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self.run_index = run_index
        self.workflow = workflow
        self.execution = execution
        self.is_run = is_run


class ItemCell:
    """One item as every scope of it shares it: what crosses into the JavaScript engine, made when first needed."""

    __slots__ = ("index", "item", "items", "json_text", "rest_text")

    def __init__(self, item: Item | None, items: Sequence[Item], index: int) -> None:
        self.item = item
        self.items = items
        self.index = index
        self.json_text: str | None = None
        self.rest_text: str | None = None


class Scope:
    """One item, and the names a template may use for it.

    Args:
        environment: the constants of the run.
        items: all input items, `{"json": {...}, …}` each; needed only by templates with `needs_all_items`.
        index: the position of the item among them.
        item: the item itself, when `items` cannot be indexed (a stream).
        parameters: the node's own parameters, compiled; `$parameter.X` resolves them when asked for.
        names: further `$` names (`$value`, `$response`, `$credentials`, …) with JSON values.
    """

    __slots__ = (
        "_cell",
        "_item",
        "_items",
        "_resolving",
        "_texts",
        "environment",
        "index",
        "json",
        "names",
        "parameters",
        "resolved",
    )

    def __init__(
        self,
        environment: Environment,
        items: Sequence[Item],
        index: int,
        *,
        item: Item | None = None,
        parameters: Mapping[str, Compiled] | None = None,
        names: Mapping[str, object] | None = None,
    ) -> None:
        if item is None and 0 <= index < len(items):
            item = items[index]
        self.environment = environment
        self.index = index
        self.json: Json = NO_ITEM if item is None else item.get("json", _EMPTY)
        self._item = item
        self._items = items
        self._cell: ItemCell | None = None
        self.parameters = _EMPTY if parameters is None else parameters
        self.names: Mapping[str, object] = _EMPTY if names is None else names
        self.resolved: dict[str, object] = {}
        self._resolving: list[str] = []
        self._texts: dict[frozenset[str], str] = {}

    def extend(self, names: Mapping[str, object], parameters: Mapping[str, Compiled] | None = None) -> Scope:
        """A scope of the same item with more names, and other parameters if `parameters` are given."""
        scope = Scope.__new__(Scope)
        scope.environment = self.environment
        scope.index = self.index
        scope.json = self.json
        scope._item = self._item
        scope._items = self._items
        scope._cell = self.cell
        scope.names = {**self.names, **names} if self.names else names
        scope._texts = {}
        scope.parameters = self.parameters if parameters is None else parameters
        # A parameter may mention a name that differs here, so what is resolved already is not shared.
        scope.resolved = {}
        scope._resolving = self._resolving
        return scope

    @property
    def cell(self) -> ItemCell:
        """The item as every scope of it shares it; made when it is first asked for, which most items are not."""
        if self._cell is None:
            self._cell = ItemCell(self._item, self._items, self.index)
        return self._cell

    @property
    def binary(self) -> Item:
        """The item's files, without their content."""
        if self.cell.item is None:
            raise no_item()
        return without_content(self.cell.item.get("binary") or {})

    def parameter(self, name: str) -> object:
        """The node's own parameter `name`, resolved; undefined if there is none of that name.

        `&name` is a member beside the one that is resolved; what leads back to itself is undefined.

        Raises:
            ExpressionError: it cannot be resolved, or refers to itself.
        """
        if name in self.resolved:
            return self.resolved[name]
        compiled = self.parameters.get(name)
        if compiled is None:
            return UNDEFINED
        if name in self._resolving and name.startswith("&"):
            return UNDEFINED
        if name in self._resolving:
            circle = " → ".join([*self._resolving[self._resolving.index(name) :], name])
            raise ExpressionError(f"The parameters refer to each other in a circle: {circle}.")
        self._resolving.append(name)
        try:
            value = compiled.resolve(self)
            if isinstance(value, dict) and value.get("__rl") is True:
                value = value.get("value")  # a resource locator stands for what it locates (n8n)
            self.resolved[name] = value
        finally:
            self._resolving.pop()
        return value

    def node_items(self, node: str) -> Sequence[Item]:
        """The items of another node.

        Raises:
            ExpressionError: the run knows no node of that name.
        """
        try:
            return self.environment.nodes[node]
        except KeyError:
            fault = UnknownNameError("node", node, self.environment.nodes)
            raise ExpressionError(fault.message, hint=fault.hint) from None

    def names_text(self, wanted: frozenset[str]) -> str:
        """The further names among `wanted` as the text that crosses into the engine; "" if there are none."""
        text = self._texts.get(wanted)
        if text is None:
            from nodeloom.expression.crossing import encode  # here, as only JavaScript needs it

            given = {n: self.names[n] for n in wanted if n in self.names and n not in OWN_NAMES}
            text = self._texts[wanted] = encode(given) if given else ""
        return text
