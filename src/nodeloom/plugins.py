"""Plugins: the manager that finds them and calls their hooks (`hooks`).

A plugin is a module or object with functions marked `@nodeloom.hookimpl`, registered through the entry-point group
`nodeloom`, or passed as `Runtime(plugins=[…])`. The nodes and credential types that ship with Nodeloom come through
the same hooks. Every hook is documented in docs/plugins.md.
"""

from __future__ import annotations

import functools
import itertools
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from nodeloom.discovery import may_have_entry_points
from nodeloom.errors import PluginError
from nodeloom.guarding import call_function, is_interrupt, plugin_error
from nodeloom.hooks import GROUP, CallContext, Hooks
from nodeloom.hookvalues import Brought, InTurn, check_items, check_request, copy_items, copy_request, wrong_type
from nodeloom.messages import Request, Response
from nodeloom.pluginchecks import Examined, Examiner
from nodeloom.values import Item, Json, JsonObject

if TYPE_CHECKING:
    import httpx

#: The plugin that brings what ships with Nodeloom.
BUILTIN = "builtin"
#: The environment variable that names installed plugins to leave out.
DISABLE = "NODELOOM_DISABLE_PLUGINS"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin, as `nodeloom plugins` lists it.

    Args:
        name: the name of its entry point, or of its module or class.
        distribution: the distribution that it was installed with. None for a plugin that the host passed.
        version: the version of the distribution.
        hooks: the names of the hooks that it implements.
        error: what went wrong with it.
        disabled: whether NODELOOM_DISABLE_PLUGINS names it. Then it was not imported, so its hooks are not known.
        warnings: what looks like a hook of its and is never called.
    """

    name: str
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...]
    error: str | None = None
    disabled: bool = False
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> JsonObject:
        """The plugin as JSON."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "hooks": list(self.hooks),
            "error": self.error,
            "disabled": self.disabled,
            "warnings": list(self.warnings),
        }


class Disabled:
    """What NODELOOM_DISABLE_PLUGINS says: `all`, or the names of plugins or distributions, with commas between them.

    Names match without case, and `-`, `_` and `.` are one (PyPA, name normalization).
    """

    def __init__(self, written: str) -> None:
        self._names = {_plain(name) for name in written.split(",") if name.strip()}

    def names(self, plugin: str) -> bool:
        """Whether the plugin or distribution of that name is left out."""
        return bool(plugin) and ("all" in self._names or _plain(plugin) in self._names)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


class Plugins:
    """The plugins of one runtime. A plugin that raises is named in the error; the others keep working.

    Hooks are called through pluggy's call loop; each implementation stands there in its guard (`guarding`).
    `failures` holds a PluginError for each plugin that could not be loaded, and for each registration that failed.

    Args:
        passed: plugins of the host's, beside those that are installed.
        discover: whether installed plugins are looked for.
    """

    def __init__(self, passed: Iterable[object] = (), *, discover: bool = True) -> None:
        from nodeloom import __version__, builtin

        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)
        self._examiner = Examiner()
        self.failures: list[PluginError] = []
        self._registered: dict[str, object] = {}
        self._examined: dict[str, Examined] = {}
        self._disabled: list[str] = []
        self._passed: set[str] = set()
        self._distributions: dict[str, tuple[str, str]] = {BUILTIN: ("nodeloom", __version__)}
        self._register(builtin, BUILTIN)
        if discover:
            self._discover()
        for plugin in passed:
            name = self._free_name(_name_of(plugin))
            self._passed.add(name)
            self._register(plugin, name)

    def _discover(self) -> None:
        if not may_have_entry_points(GROUP):
            return
        from importlib.metadata import entry_points

        off = Disabled(os.environ.get(DISABLE, ""))
        for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
            # Two distributions may call their plugins alike.
            name = self._free_name(entry.name)
            distribution = entry.dist.name if entry.dist is not None else ""
            if entry.dist is not None:
                self._distributions[name] = (distribution, entry.dist.version)
            if off.names(entry.name) or off.names(distribution):
                self._disabled.append(name)
                continue
            try:
                plugin = entry.load()
            except BaseException as fault:
                # An import may raise anything, SystemExit too; the other plugins are loaded all the same.
                if is_interrupt(fault):
                    raise
                self.fail(name, "loading", fault)
            else:
                self._register(plugin, name)

    def _free_name(self, wanted: str) -> str:
        """`wanted`, with a number if another plugin has that name: two objects of one class are two plugins."""
        names = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
        taken = {*self._registered, *self._disabled, *(str(failure.details["plugin"]) for failure in self.failures)}
        return next(name for name in names if name not in taken)

    def _register(self, plugin: object, name: str) -> None:
        if any(plugin is other for other in self._registered.values()):
            self.fail(name, "registering", ValueError("it is registered already"))
            return
        try:
            examined = self._examiner.examine(plugin, name)
        except Exception as fault:  # noqa: BLE001 - a broken plugin must not take the runtime with it
            self.fail(name, "registering", fault)
            return
        self._manager.register(examined.guarded, name)
        self._registered[name] = plugin
        self._examined[name] = examined
        for warning in examined.warnings:
            logging.getLogger("nodeloom").warning("The plugin %r: %s.", name, warning)

    def fail(self, plugin: str, hook: str, fault: BaseException) -> None:
        """Note that a plugin failed, in a hook or in what it registered.

        A plugin that the host passed is named in the log as well: the host counts on it, and may never look at
        `failures`.
        """
        error = plugin_error(plugin, hook, fault)
        self.failures.append(error)
        if plugin in self._passed:
            logging.getLogger("nodeloom").warning("%s. %s", error.message.rstrip("."), error.hint)

    def has(self, hook: str) -> bool:
        """Whether any plugin implements `hook`."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def collect(self, hook: str, *, taken: Set[str] = frozenset()) -> dict[str, tuple[str, Any]]:
        """What the plugins register through `hook`, by name, with the plugin it is from; `taken` names are refused.

        What ships with Nodeloom keeps its names, then the plugin that is called first. Names that differ by case alone
        are one name, but for functions.
        """
        found: dict[str, tuple[str, Any]] = {}
        owners: dict[str, str] = {}
        called: list[Brought] = getattr(self._manager.hook, hook)()
        for brought in sorted(called, key=lambda brought: brought.plugin != BUILTIN):
            plugin = brought.plugin
            try:
                entries = _entries(brought, hook, taken)
            except BaseException as fault:
                if is_interrupt(fault):
                    raise
                self.fail(plugin, hook, fault)
                continue
            for name, entry in entries.items():
                folded = name if hook == "nodeloom_expression_functions" else name.casefold()
                if folded in owners:
                    owner = found[owners[folded]][0]
                    self.fail(plugin, hook, ValueError(f"{name!r} is registered by {owner!r} already"))
                else:
                    owners[folded] = name
                    found[name] = (plugin, entry)
        return found

    def functions(self, taken: Callable[[], Set[str]]) -> dict[str, Callable[..., object]]:
        """The plugins' functions for expressions by name. What one raises is a HookError naming its plugin.

        `taken` gives the names that mean something in expressions already; it is asked only if there is a function.
        """
        hook = "nodeloom_expression_functions"
        if not self.has(hook):
            return {}
        return {
            name: functools.partial(call_function, plugin, name, function)
            for name, (plugin, function) in self.collect(hook, taken=taken()).items()
        }

    def credential_values(self, type_name: str, name: str | None) -> tuple[str, Mapping[str, Json]] | None:
        """The first plugin that knows the credential, and its fields. Raises PluginError when one fails."""
        brought: Brought | None = self._manager.hook.nodeloom_resolve_credential(type_name=type_name, name=name)
        return None if brought is None else (brought.plugin, brought.fields)

    def transport(self) -> httpx.AsyncBaseTransport | None:
        """The transport a plugin provides, if one does.

        Raises PluginError when one fails: requests must not go around a transport that was meant for them.
        """
        transport: httpx.AsyncBaseTransport | None = self._manager.hook.nodeloom_provide_transport()
        return transport

    def prepare(self, request: Request, context: CallContext) -> Request:
        """`request` after every plugin's `nodeloom_prepare_request`. Raises HookError naming the plugin that fails."""
        turn = InTurn(request, copy_request, check_request)
        results: list[Request] = self._manager.hook.nodeloom_prepare_request(request=turn, context=context)
        return results[-1] if results else request

    def show(self, request: Request, response: Response, context: CallContext) -> None:
        """Show an answer to every plugin. Raises HookError naming the plugin that fails."""
        self._manager.hook.nodeloom_see_response(request=request, response=response, context=context)

    def transform(self, items: list[Item], context: CallContext) -> list[Item]:
        """`items` after every plugin's `nodeloom_transform_result`. Raises HookError naming the plugin that fails."""
        turn = InTurn(items, copy_items, _check_transformed)
        results: list[list[Item]] = self._manager.hook.nodeloom_transform_result(items=turn, context=context)
        return results[-1] if results else items

    def infos(self) -> list[PluginInfo]:
        """Every plugin, the failed ones too, by name."""
        failed = (str(failure.details["plugin"]) for failure in self.failures)
        names = {*self._registered, *self._disabled, *failed}
        return [self._info(name) for name in sorted(names, key=lambda name: (name != BUILTIN, name))]

    def _info(self, name: str) -> PluginInfo:
        distribution, version = self._distributions.get(name, (None, None))
        examined = self._examined.get(name)
        hooks, warnings = (examined.hooks, examined.warnings) if examined is not None else ((), ())
        return PluginInfo(name, distribution, version, hooks, self._error_of(name), name in self._disabled, warnings)

    def _error_of(self, plugin: str) -> str | None:
        """What went wrong with a plugin: the first failure, and how many there are besides."""
        messages = [failure.message for failure in self.failures if failure.details.get("plugin") == plugin]
        if len(messages) < 2:
            return messages[0] if messages else None
        return f"{messages[0]} (and {len(messages) - 1} more)"


def _check_transformed(given: object, _before: list[Item]) -> list[Item]:
    return check_items(given)


def _entries(brought: Brought, hook: str, taken: Set[str]) -> dict[str, Any]:
    """What a plugin registers, checked; no function may have a `taken` name.

    Raises TypeError and ValueError, and what the plugin raised.
    """
    if brought.fault is not None:
        raise brought.fault
    given = brought.given
    if not isinstance(given, Mapping):
        raise wrong_type(given, "a mapping by name")
    functions = hook == "nodeloom_expression_functions"
    for name, entry in given.items():
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} is not a text")
        if functions:
            _check_function_name(name, taken)
        elif not _can_be_named(name):
            raise ValueError(f"{name!r} cannot be a name: it is empty, a path, or has blanks or control characters")
        if functions and not callable(entry):
            raise TypeError(f"{name!r} is not a function")
        if not functions and not isinstance(entry, (Path, Mapping)):
            raise TypeError(f"{name!r} is neither a pathlib.Path nor a document")
    return dict(given)


def _can_be_named(name: str) -> bool:
    """Whether a node or a credential type may be called so: it is typed in commands, shown, and stands in files."""
    parts = name.split("/")
    return name.isprintable() and name.strip() == name and "\\" not in name and not {"", ".", ".."} & {*parts}


def _check_function_name(name: str, taken: Set[str]) -> None:
    """Raise ValueError for a function that no expression could call, because of its name."""
    reason = None
    if name in taken:
        reason = "has a meaning in expressions already"
    elif re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name) is None:
        reason = "is not an identifier"
    if reason is not None:
        raise ValueError(f"{name!r} {reason}, so the function could never be called")


def _name_of(plugin: object) -> str:
    try:
        return str(getattr(plugin, "__name__", type(plugin).__name__))
    except Exception:  # noqa: BLE001 - its own __getattr__ or property; it is refused by this name when it is examined
        return type(plugin).__name__
