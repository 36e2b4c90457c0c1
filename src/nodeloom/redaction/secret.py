"""What a secret is held in, so that nothing that prints, logs, dumps or pickles the holder shows it.

`Secret` holds one value, and `reveal()` is the one way out. `MaskedValues` and `MaskedTexts` are for code that must
have a real dict or set in its hands, because a JSON encoder, the expression scope or an HTTP client takes nothing
else: what is in them is plain, what is shown of them is not. `forget_locals` lets go of the variables in the frames
behind an error, which tools that show tracebacks with locals (rich, pytest) would print.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar, final

MASK = "***"

T = TypeVar("T")


@final
class Secret(Generic[T]):
    """One secret value: `***` as text, in `repr`, in every format, and in a pickle, which does not carry the value.

    It is not a text itself: joining, slicing or encoding it is a TypeError, and `json.dumps` refuses it. Two secrets
    are equal when their values are; a secret never equals a plain value. An empty one is false.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value. Raises TypeError for a secret that came out of a pickle: its value stayed behind."""
        if isinstance(self._value, _LeftBehind):
            raise TypeError("a Secret does not carry its value through a pickle; resolve it where it is used")
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, its = self._value, other._value
        if isinstance(mine, str) and isinstance(its, str):
            # The time that a comparison takes must not tell how much of a guess was right.
            from hmac import compare_digest

            return compare_digest(mine.encode("utf-8", "surrogatepass"), its.encode("utf-8", "surrogatepass"))
        return bool(mine == its)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret[T]:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret[T]:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (_left_behind, ())


class _LeftBehind:
    """What stands in an unpickled secret."""

    def __bool__(self) -> bool:
        return False


def _left_behind() -> Secret[Any]:
    return Secret(_LeftBehind())


def reveal(value: Any) -> Any:
    """`value`, or what it holds if it is a Secret."""
    return value.reveal() if isinstance(value, Secret) else value


class MaskedValues(dict[str, Any]):
    """Values by name whose `repr` and `str` show the names only; at every depth, and in rich's and pprint's listings.

    It is a dict, so that JSON encoders, HTTP clients and the expression scope take it as one; it is not pickled.
    `masked` makes one of a mapping whose values hold further mappings, or values in a Secret.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {MASK}" for name in self) + "}"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[tuple[str, str]]:
        for name in self:
            yield str(name), MASK

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_pickling(self)

    def __copy__(self) -> MaskedValues:
        return MaskedValues(self)

    def __deepcopy__(self, memo: dict[int, object]) -> MaskedValues:
        import copy

        return MaskedValues({name: copy.deepcopy(value, memo) for name, value in self.items()})


class MaskedTexts(frozenset[str]):
    """A set of secret texts that shows how many there are; it is not pickled."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"MaskedTexts({len(self)})"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[int]:
        yield len(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        refuse_pickling(self)

    # The base class is generic in what it joins, and this set holds texts alone.
    def __or__(self, other: Any) -> Any:
        return MaskedTexts(frozenset.__or__(self, other))


def masked(value: Any) -> Any:
    """`value` with every mapping in it as MaskedValues, and every Secret revealed inside them."""
    value = reveal(value)
    if isinstance(value, dict):
        return MaskedValues((name, masked(inner)) for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value


def refuse_pickling(instance: object) -> NoReturn:
    """Raise TypeError: what holds secrets is not pickled, into a worker process or a cache."""
    raise TypeError(f"a {type(instance).__name__} holds secrets and is not pickled; resolve it where it is used")


def forget_locals(error: BaseException) -> None:
    """Clear the variables of every finished frame behind `error` and what it came of.

    Tracebacks keep their files and lines. Frames that still run keep their variables.
    """
    import traceback

    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        traceback.clear_frames(current.__traceback__)
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def leave_running_frames(error: BaseException) -> None:
    """Take the frames that still run off the traceback of an error that is kept: their variables cannot be cleared."""
    entry = error.__traceback__
    while entry is not None and _is_running(entry.tb_frame):
        entry = entry.tb_next
    error.__traceback__ = entry


def _is_running(frame: FrameType) -> bool:
    try:
        frame.clear()
    except RuntimeError:
        return True
    return False


def let_go(error: BaseException) -> None:
    """Let go of what stands behind an error that leaves: variables, and what an interruption came in the middle of.

    Ctrl-C may come while an error is about to be masked, or while `re` or a cache looks something up: Python then keeps
    that error as its context, with words that were masked by none.
    """
    forget_locals(error)
    if not isinstance(error, Exception):
        error.__cause__ = error.__context__ = None


@contextmanager
def clean_interruption() -> Iterator[None]:
    """Inside stands what a task, a callback or a thread does: an interruption leaves it without what it interrupted.

    An event loop passes KeyboardInterrupt on to the caller that runs the loop, past all that wait for the task
    it came in.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as interruption:
        let_go(interruption)
        raise


async def interrupted_clean(work: Coroutine[object, None, T]) -> T:
    """`work` as a task of its own, with `clean_interruption` around it."""
    with clean_interruption():
        return await work
