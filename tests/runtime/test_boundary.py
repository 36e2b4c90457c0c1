"""What leaves the public methods: values as before, errors without variables, credentials that mask themselves."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import ItemError
from nodeloom.redaction import MaskedValues, SecretNames
from nodeloom.runtime.boundary import shielded
from tests.showing import locals_behind, shown

# Not where they are used: a traceback shows the line of the source.
PASSWORD, ADDRESS = "canary-3", "https://h/?token=canary-4"
GIVEN = {"api": {"secret": "canary-1", "inner": {"deep": "canary-2"}}}


class Face:
    """What the runtime is to its boundary."""

    secret_names = SecretNames()

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.closed = 0

    def _use(self, credentials: Any, fail: bool) -> str:
        self.seen.append(credentials)
        plain = str(dict(credentials["api"])["secret"]) if credentials else ""
        if fail:
            raise ItemError(f"failed with {len(plain)}", value={"password": PASSWORD}, url=ADDRESS)
        return f"used {len(plain)}"

    @shielded("credentials", 1)
    def call(self, fail: bool, credentials: Any = None) -> str:
        """Call."""
        return self._use(credentials, fail)

    @shielded("credentials")
    def stream(self, fail: bool, *, credentials: Any = None) -> Iterator[str]:
        """Stream."""
        return self._streamed(fail, credentials)

    def _streamed(self, fail: bool, credentials: Any) -> Iterator[str]:
        try:
            yield "first"
            yield self._use(credentials, fail)
        finally:
            self.closed += 1

    @shielded("credentials")
    async def wait(self, fail: bool, *, credentials: Any = None) -> str:
        """Wait."""
        return self._use(credentials, fail)

    @shielded("credentials")
    async def follow(self, fail: bool, *, credentials: Any = None) -> AsyncIterator[str]:
        """Follow."""
        try:
            yield "first"
            yield self._use(credentials, fail)
        finally:
            self.closed += 1


def silent(error: BaseException) -> None:
    assert "canary" not in shown(error)
    assert not [value for value in locals_behind(error) if value == "canary-1"]


@pytest.mark.anyio
async def test_values_come_as_before_and_credentials_are_masked() -> None:
    """By keyword and by position, at every depth."""
    face = Face()
    assert face.call(False, GIVEN) == face.call(False, credentials=GIVEN) == "used 8"
    assert list(face.stream(False, credentials=GIVEN)) == ["first", "used 8"]
    assert await face.wait(False, credentials=GIVEN) == "used 8"
    assert [text async for text in face.follow(False, credentials=GIVEN)] == ["first", "used 8"]
    assert len(face.seen) == 5
    for given in face.seen:
        assert given == GIVEN
        assert type(given["api"]["inner"]) is MaskedValues
    assert face.call(False) == "used 0"
    assert GIVEN == {"api": {"secret": "canary-1", "inner": {"deep": "canary-2"}}}


@pytest.mark.anyio
async def test_errors_leave_without_variables() -> None:
    """And without what stands behind a secret name."""
    face = Face()
    with pytest.raises(ItemError) as called:
        face.call(True, GIVEN)
    with pytest.raises(ItemError) as streamed:
        list(face.stream(True, credentials=GIVEN))
    with pytest.raises(ItemError) as awaited:
        await face.wait(True, credentials=GIVEN)
    with pytest.raises(ItemError) as followed:
        async for _ in face.follow(True, credentials=GIVEN):
            pass
    for caught in (called, streamed, awaited, followed):
        assert caught.value.value == '{"password": "***"}'
        assert caught.value.details == {"url": "https://h/?token=***"}
        silent(caught.value)
    assert face.closed == 2


@pytest.mark.anyio
async def test_what_is_left_early_is_closed() -> None:
    """An iterator when it is closed or dropped, an asynchronous one when it is closed."""
    face = Face()
    stream: Any = face.stream(False, credentials=GIVEN)
    assert next(stream) == "first"
    stream.close()
    assert face.closed == 1
    other = face.stream(False, credentials=GIVEN)
    assert next(other) == "first"
    del other
    assert face.closed == 2
    follow: Any = face.follow(False, credentials=GIVEN)
    assert await anext(follow) == "first"
    await follow.aclose()
    assert face.closed == 3


def test_methods_keep_what_help_shows() -> None:
    """Name, signature and docstring."""
    assert (Face.call.__name__, Face.call.__doc__) == ("call", "Call.")
    assert "fail" in inspect.signature(Face.call).parameters
    assert inspect.isasyncgenfunction(Face.follow)
    assert inspect.iscoroutinefunction(Face.wait)


@pytest.mark.parametrize(
    "name", ["run", "arun", "stream", "astream", "plan", "choices", "test_credential", "connect_credential"]
)
def test_every_public_method_that_takes_credentials_is_shielded(name: str) -> None:
    """Those that are there; a new one belongs here."""
    assert hasattr(getattr(Runtime, name), "__wrapped__")


def test_no_other_public_method_takes_credentials() -> None:
    """By what it is called, or in its keywords."""
    taking = {
        name
        for name, method in vars(Runtime).items()
        if not name.startswith("_")
        and callable(method)
        and {"credentials", "keywords", "wanted"} & set(inspect.signature(method).parameters)
    }
    assert taking == {"run", "arun", "stream", "astream", "plan", "choices", "test_credential"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
