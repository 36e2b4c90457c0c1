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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from nodeloom.discovery import may_have_entry_points
from nodeloom.errors import NodeloomError, PluginError, UnknownNameError
from nodeloom.guarding import (
    check_items,
    check_request,
    guarded,
    guarded_function,
    hook_error,
    json_copy,
    passes,
    request_copy,
    response_copy,
    words,
    wrong,
)
from nodeloom.hooks import GROUP, CallContext, Hooks
from nodeloom.messages import Request, Response
from nodeloom.values import Item

if TYPE_CHECKING:
    import httpx

#: The plugin that brings what ships with Nodeloom.
BUILTIN = "builtin"
#: The environment variable that names installed plugins to leave out.
DISABLE = "NODELOOM_DISABLE_PLUGINS"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin: its name, distribution and version where known, the hooks it implements, and its failure if any.

    One that is `disabled` (NODELOOM_DISABLE_PLUGINS) was not imported, so its hooks are not known.
    """

    name: str
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...]
    error: str | None = None
    disabled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The plugin as JSON."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "hooks": list(self.hooks),
            "error": self.error,
            "disabled": self.disabled,
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

    `failures` holds a PluginError for each plugin that could not be loaded, and for each registration that failed.
    """

    def __init__(self, given: Iterable[Any] = (), *, discover: bool = True) -> None:
        from nodeloom import __version__, builtin

        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)
        self.failures: list[PluginError] = []
        self._disabled: list[str] = []
        self._passed: set[str] = set()
        self._distributions: dict[str, tuple[str, str]] = {BUILTIN: ("nodeloom", __version__)}
        self._register(builtin, BUILTIN)
        if discover:
            self._discover()
        for plugin in given:
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
                # Whatever an import raises, the others go on.
                if passes(fault):
                    raise
                self.fail(name, "loading", fault)
            else:
                self._register(plugin, name)

    def _free_name(self, wanted: str) -> str:
        """`wanted`, numbered where another plugin has it: two objects of one class are two plugins."""
        names = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
        taken = (*self._disabled, *(str(failure.details["plugin"]) for failure in self.failures))
        return next(name for name in names if not self._manager.has_plugin(name) and name not in taken)

    def _register(self, plugin: Any, name: str) -> None:
        if self._manager.is_registered(plugin):
            self.fail(name, "registering", ValueError("it is registered already"))
            return
        try:
            self._manager.register(plugin, name)
            self._check_names(plugin)
            self._manager.check_pending()
        except Exception as fault:  # noqa: BLE001 - a broken plugin must not take the runtime with it
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            self.fail(name, "registering", fault)

    def _check_names(self, plugin: Any) -> None:
        """Raise UnknownNameError or ValueError for a plugin, or a function of one, that would never be called."""
        known = [name for name in vars(Hooks) if name.startswith(f"{GROUP}_")]
        for caller in self._manager.get_hookcallers(plugin) or ():
            optional = all(i.optionalhook for i in caller.get_hookimpls() if i.plugin is plugin)
            if caller.name not in known and not optional:
                raise UnknownNameError("hook", caller.name, known)
        for name in known:
            function = getattr(plugin, name, None)
            if callable(function) and not hasattr(function, f"{GROUP}_impl"):
                raise ValueError(f"{name} is not marked with @hookimpl, so it would never be called")
        if not self._manager.get_hookcallers(plugin):
            raise ValueError("it implements none of Nodeloom's hooks")

    def fail(self, plugin: str, hook: str, fault: BaseException) -> None:
        """Note that a plugin failed, in a hook or in what it registered.

        One that a host passed is told in the log as well: the host counts on it, and may never look at `failures`.
        """
        error = _plugin_error(plugin, hook, fault)
        self.failures.append(error)
        if plugin in self._passed:
            logging.getLogger("nodeloom").warning("%s%s", error.message, f" {error.hint}" if error.hint else "")

    def implementations(self, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Plugin name and a caller for each implementation of `hook`, in pluggy's order of calls."""
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            arguments = implementation.argnames

            def call(_function: Any = implementation.function, _names: Any = arguments, **given: Any) -> Any:
                return _function(*[given[name] for name in _names])

            yield implementation.plugin_name, call

    def has(self, hook: str) -> bool:
        """Whether any plugin implements `hook`."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def collect(self, hook: str, *, taken: Set[str] = frozenset()) -> dict[str, tuple[str, Any]]:
        """What the plugins register through `hook`, by name, with the plugin it is from; `taken` names are refused.

        What ships with Nodeloom keeps its names, then the plugin that is called first; case makes no other name.
        """
        found: dict[str, tuple[str, Any]] = {}
        owners: dict[str, str] = {}
        for plugin, call in sorted(self.implementations(hook), key=lambda pair: pair[0] != BUILTIN):
            try:
                entries = _entries(call(), hook, taken)
            except BaseException as fault:
                if passes(fault):
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

    def functions(self, taken: Callable[[], Set[str]]) -> dict[str, Callable[..., Any]]:
        """The plugins' functions for expressions by name. What one raises is a HookError naming its plugin.

        `taken` gives the names that mean something in expressions already; it is asked only if there is a function.
        """
        hook = "nodeloom_expression_functions"
        if not self.has(hook):
            return {}
        return {
            name: functools.partial(guarded_function, plugin, name, function)
            for name, (plugin, function) in self.collect(hook, taken=taken()).items()
        }

    def credential_values(self, type_name: str, name: str | None) -> tuple[str, Mapping[str, Any]] | None:
        """The first plugin that knows the credential, and its fields. Raises PluginError when one fails."""
        hook = "nodeloom_resolve_credential"
        for plugin, call in self.implementations(hook):
            try:
                values = call(type_name=type_name, name=name)
            except NodeloomError as error:
                error.details.setdefault("plugin", plugin)
                raise
            except BaseException as fault:
                if passes(fault):
                    raise
                raise _plugin_error(plugin, hook, fault) from fault
            if values is None:
                continue
            if not isinstance(values, Mapping):
                raise _plugin_error(plugin, hook, wrong(values, "the credential's fields as a mapping, or None"))
            return plugin, values
        return None

    def transport(self) -> httpx.AsyncBaseTransport | None:
        """The transport a plugin provides, if one does.

        Raises PluginError when one fails: requests must not go around a transport that was meant for them.
        """
        hook = "nodeloom_provide_transport"
        for plugin, call in self.implementations(hook):
            try:
                transport = call()
            except BaseException as fault:
                if passes(fault):
                    raise
                raise _plugin_error(plugin, hook, fault) from fault
            if transport is None:
                continue
            if not hasattr(transport, "handle_async_request"):
                raise _plugin_error(plugin, hook, wrong(transport, "an httpx.AsyncBaseTransport, or None"))
            return transport  # type: ignore[no-any-return]
        return None

    def prepared(self, request: Request, context: CallContext) -> Request:
        """`request` after every plugin's `nodeloom_prepare_request`. Raises HookError naming the plugin that fails."""
        hook = "nodeloom_prepare_request"
        for plugin, call in self.implementations(hook):
            changed = guarded(plugin, hook, call, request=request_copy(request), context=context)
            if changed is not None:
                request = self._checked(plugin, hook, check_request, changed, request)
        return request

    def seen(self, request: Request, response: Response, context: CallContext) -> None:
        """Show an answer to every plugin. Raises HookError naming the plugin that fails."""
        for plugin, call in self.implementations("nodeloom_see_response"):
            own = {"request": request_copy(request), "response": response_copy(response)}
            guarded(plugin, "nodeloom_see_response", call, **own, context=context)

    def transformed(self, items: Sequence[Item], context: CallContext) -> list[Item]:
        """`items` after every plugin's `nodeloom_transform_result`. Raises HookError naming the plugin that fails."""
        hook = "nodeloom_transform_result"
        for plugin, call in self.implementations(hook):
            changed = guarded(plugin, hook, call, items=json_copy(list(items)), context=context)
            if changed is not None:
                items = self._checked(plugin, hook, check_items, changed)
        return list(items)

    def _checked(self, plugin: str, hook: str, check: Callable[..., Value], *given: Any) -> Value:
        try:
            return check(*given)
        except (TypeError, ValueError, RecursionError) as fault:
            raise hook_error(plugin, hook, fault) from fault

    def infos(self) -> list[PluginInfo]:
        """Every plugin, the failed ones too, by name."""
        found = []
        for name, plugin in self._manager.list_name_plugin():
            if plugin is None:
                continue
            hooks = tuple(sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ()))
            distribution, version = self._distributions.get(name, (None, None))
            found.append(PluginInfo(name, distribution, version, hooks, self._error_of(name)))
        for name in self._disabled:
            distribution, version = self._distributions.get(name, (None, None))
            found.append(PluginInfo(name, distribution, version, (), disabled=True))
        listed = {info.name for info in found}
        for failure in self.failures:
            name = str(failure.details["plugin"])
            if name not in listed:
                distribution, version = self._distributions.get(name, (None, None))
                found.append(PluginInfo(name, distribution, version, (), self._error_of(name)))
                listed.add(name)
        return sorted(found, key=lambda info: (info.name != BUILTIN, info.name))

    def _error_of(self, plugin: str) -> str | None:
        """What went wrong with a plugin: the first failure, and how many there are besides."""
        messages = [failure.message for failure in self.failures if failure.details.get("plugin") == plugin]
        if len(messages) < 2:
            return messages[0] if messages else None
        return f"{messages[0]} (and {len(messages) - 1} more)"


def _plugin_error(plugin: str, hook: str, fault: BaseException) -> PluginError:
    error = PluginError(
        f"The plugin {plugin!r} failed ({hook}): {words(fault)}",
        hint=getattr(fault, "hint", None) or "Mend or remove the plugin; everything else keeps working.",
        plugin=plugin,
        hook=hook,
    )
    error.__cause__ = fault
    return error


def _entries(given: Any, hook: str, taken: Set[str]) -> dict[str, Any]:
    """What a hook registers, checked; no function may have a `taken` name. Raises TypeError and ValueError."""
    if not isinstance(given, Mapping):
        raise wrong(given, "a mapping by name")
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
    """Raise ValueError for a function that no expression could call: its name is none, or means something already."""
    reason = None
    if name in taken:
        reason = "has a meaning in expressions already"
    elif re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name) is None:
        reason = "is no name"
    if reason is not None:
        raise ValueError(f"{name!r} {reason}, so the function could never be called")


def _name_of(plugin: Any) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))
