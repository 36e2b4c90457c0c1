"""What a plugin implements, as pluggy sees it, and what it will never be called for although it looks like a hook."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pluggy

from nodeloom.errors import UnknownNameError, nearest
from nodeloom.guarding import REGISTERING, Hook, guard_implementation
from nodeloom.hooks import GROUP, Hooks

_PREFIX = f"{GROUP}_"
_KNOWN = [name for name in vars(Hooks) if name.startswith(_PREFIX)]


@dataclass(frozen=True, slots=True)
class Examined:
    """A plugin that was examined: the names of its hooks, its guarded implementations, and a warning for each doubt."""

    hooks: tuple[str, ...]
    guarded: GuardedPlugin
    warnings: tuple[str, ...]


class GuardedPlugin:
    """What is registered in place of a plugin: its implementations, guarded."""

    def __init__(self, implementations: list[Callable[..., object]]) -> None:
        # pluggy goes through the names of a plugin in the order of `dir`, which sorts them.
        vars(self).update({f"{_PREFIX}{number:04}": function for number, function in enumerate(implementations)})

    def __dir__(self) -> list[str]:
        # pluggy looks at each name, which takes as long for the thirty that every object has as for the hooks.
        return list(vars(self))


class Examiner:
    """Lets pluggy look at plugins before they are registered, in a manager for that alone.

    A plugin that is refused leaves nothing behind in the manager that calls hooks.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)

    def examine(self, plugin: object, name: str) -> Examined:
        """The plugin of that name.

        Raises pluggy's PluginValidationError for a signature that does not fit, UnknownNameError for a marked function
        whose name is not a hook's, and ValueError for a wrapper that is refused and for a plugin without any hook.
        """
        try:
            self._manager.register(plugin, name)
            # pluggy before 1.7 gives a hook as often as the plugin implements it (by `specname`).
            callers = list(dict.fromkeys(self._manager.get_hookcallers(plugin) or ()))
            warnings = tuple(self._doubts(plugin))
            if not callers:
                raise ValueError("; ".join(["it implements none of Nodeloom's hooks", *warnings]))
            guarded = [function for caller in callers for function in _guard(caller, plugin)]
            return Examined(tuple(sorted(caller.name for caller in callers)), GuardedPlugin(guarded), warnings)
        finally:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)

    def _doubts(self, plugin: object) -> Iterator[str]:
        for name in dir(plugin):
            if not name.startswith(_PREFIX) or self._manager.parse_hookimpl_opts(plugin, name) is not None:
                continue
            # Statically, as pluggy looks: a property is not read.
            found = inspect.getattr_static(plugin, name, None)
            if callable(found) or isinstance(found, classmethod):
                yield f"{name} is not a function marked with @hookimpl, so it is never called{_ask_if_meant(name)}"


def _ask_if_meant(name: str) -> str:
    """A question for the nearest hook. The prefix, which all of them have, would make every name a near one."""
    close = nearest(name.removeprefix(_PREFIX), [known.removeprefix(_PREFIX) for known in _KNOWN])
    return f" (did you mean {_PREFIX + close!r}?)" if close is not None and name not in _KNOWN else ""


def _guard(caller: pluggy.HookCaller, plugin: object) -> Iterator[Callable[..., object]]:
    """The guarded implementations of one hook, in the order in which the plugin would register them."""
    own = [implementation for implementation in caller.get_hookimpls() if implementation.plugin is plugin]
    specification = caller.spec
    if specification is None:
        if not all(implementation.optionalhook for implementation in own):
            raise UnknownNameError("hook", caller.name, _KNOWN)
        # An optional implementation of a hook that this version does not have.
        return
    firstresult = bool(specification.opts["firstresult"])
    hook = Hook(caller.name, specification.function, tuple(specification.argnames), firstresult)
    # pluggy puts each that is `trylast` before all the others, so the last one that it lists was the first to come.
    late = [implementation for implementation in own if implementation.trylast]
    for implementation in [*reversed(late), *(other for other in own if not other.trylast)]:
        if hook.name in REGISTERING and (implementation.wrapper or implementation.hookwrapper):
            raise ValueError(f"{hook.name} cannot be wrapped: what another plugin registers is that plugin's own")
        yield guard_implementation(hook, implementation)
