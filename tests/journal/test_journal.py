"""A run by a journal: done is done, what may be repeated is repeated, what cannot be known is said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import (
    Effect,
    InvalidItemError,
    JournalError,
    MissingValueError,
    NetworkError,
    NodeloomError,
    NotRunError,
    ServerError,
)
from nodeloom.journal.journalreader import Account, JournalReader
from nodeloom.outcomes import Outcome
from nodeloom.transport.trip import Trip
from tests.journal.driving import Driven, Service, by_journal, crashed_copy, drive, links, open_journal, sending, texts


def failing(error: NodeloomError, *, at: int, statuses: tuple[int, ...] = (), effect: Effect = Effect.NONE) -> Service:
    """A service that fails one item."""

    def answer(index: int, raw: Any) -> Outcome:
        if index == at:
            return Outcome(index, error=error, statuses=statuses, effect=effect)
        return Outcome(index, [{"json": {"done": raw}}], statuses=(200,))

    return Service(answer)


def broken_off(path: Path, tmp_path: Path, *, repeatable: bool, count: int = 10, at: int = 4) -> Path:
    """The journal of a run that was killed while the item `at` was in flight and those before it were done."""

    async def run() -> Path:
        journal = open_journal(path, repeatable=repeatable)
        reached = asyncio.Event()

        @sending
        async def work(index: int, raw: Any) -> Outcome:
            if index == at:
                reached.set()
                await asyncio.Event().wait()
            return Outcome(index, [{"json": {"done": raw}}], statuses=(200,))

        journaled = by_journal(journal, work)
        for index, raw in enumerate(links(count)[:at]):
            await journaled(index, raw)
        hanging = asyncio.create_task(journaled(at, links(count)[at]))
        await reached.wait()
        left = crashed_copy(path, tmp_path / "crashed")
        hanging.cancel()
        await asyncio.wait([hanging])
        await journal.aclose()
        return left

    return asyncio.run(run())


def test_what_is_done_is_told_again_and_not_sent_again(tmp_path: Path) -> None:
    first = drive(tmp_path / "j", links(1300), Service())
    service = Service()
    second = drive(tmp_path / "j", links(1300), service)
    assert service.sent == []
    assert second.told == 1300
    assert texts(second.outcomes) == texts(first.outcomes)
    assert all(outcome.told for outcome in second.outcomes.values())
    assert not any(outcome.told for outcome in first.outcomes.values())
    assert second.outcomes[7].statuses == first.outcomes[7].statuses


def test_a_stopped_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(30), Service(), until=12)
    service = Service()
    driven = drive(tmp_path / "j", links(30), service)
    assert service.sent == links(30)[12:]
    assert driven.codes == ["ok"] * 30


def test_nothing_is_sent_before_its_intent_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "j"
    seen: list[int] = []

    @sending
    async def work(index: int, raw: Any) -> Outcome:
        with JournalReader(path) as reader:
            seen.extend(entry.position for entry in reader.entries() if entry.position == index)
        return Outcome(index)

    for repeatable in (True, False):
        path = tmp_path / f"j{repeatable}"
        drive(path, links(20), work, repeatable=repeatable)
    assert sorted(seen) == sorted([*range(20), *range(20)])


def test_what_was_in_flight_and_may_happen_twice_is_repeated_as_a_repeat(tmp_path: Path) -> None:
    left = broken_off(tmp_path / "j", tmp_path, repeatable=True)
    service = Service()
    driven = drive(left, links(10), service)
    assert service.again == links(10)[4:5], "its trip says that it may have been done already"
    assert service.sent == links(10)[4:]
    assert driven.codes == ["ok"] * 10
    assert (driven.told, driven.repeated) == (4, 1)


def test_what_was_in_flight_and_may_not_happen_twice_is_unknown_and_not_sent(tmp_path: Path) -> None:
    left = broken_off(tmp_path / "j", tmp_path, repeatable=False)
    service = Service()
    driven = drive(left, links(10), service, repeatable=False)
    assert service.sent == links(10)[5:]
    assert driven.codes == ["ok"] * 4 + ["unknown"] + ["ok"] * 5
    error = driven.outcomes[4].error
    assert error is not None
    assert error.details["sent"] == "unknown"
    assert error.item == 4
    assert "report" in (error.hint or "")
    for retry_failed in (False, True):
        later = Service()
        driven = drive(left, links(10), later, repeatable=False, retry_failed=retry_failed)
        assert later.sent == []
        assert driven.codes[4] == "unknown"


def test_an_operation_that_was_not_repeatable_once_stays_so(tmp_path: Path) -> None:
    left = broken_off(tmp_path / "j", tmp_path, repeatable=False)
    service = Service()
    assert drive(left, links(10), service, repeatable=True).codes[4] == "unknown"


def test_a_failed_item_keeps_its_error_unless_asked_otherwise(tmp_path: Path) -> None:
    error = MissingValueError("Link is empty.", item=3, property="Link", value="", hint="Fill it in.")
    first = drive(tmp_path / "j", links(6), failing(error, at=3))
    service = Service()
    second = drive(tmp_path / "j", links(6), service)
    assert service.sent == []
    assert texts(second.outcomes) == texts(first.outcomes)
    assert isinstance(second.outcomes[3].error, MissingValueError)
    third = drive(tmp_path / "j", links(6), service, retry_failed=True)
    assert service.sent == links(6)[3:4]
    assert third.codes == ["ok"] * 6
    assert drive(tmp_path / "j", links(6), service).codes == ["ok"] * 6


def test_a_failure_that_may_have_happened_is_never_sent_again(tmp_path: Path) -> None:
    broke = NetworkError("The connection broke.", item=3, sent="unknown")
    for number, work in enumerate(
        [
            failing(broke, at=3, effect=Effect.UNKNOWN),
            failing(ServerError("500", status=500), at=3, statuses=(500,), effect=Effect.UNKNOWN),
        ]
    ):
        path = tmp_path / str(number)
        drive(path, links(6), work, repeatable=False)
        service = Service()
        driven = drive(path, links(6), service, repeatable=False, retry_failed=True)
        assert service.sent == []
        assert driven.outcomes[3].error is not None
        with JournalReader(path) as reader:
            assert reader.account().unknown == 1


def test_what_was_in_flight_and_waited_in_vain_for_its_turn_is_still_in_flight(tmp_path: Path) -> None:
    """A run that did not come to repeat it knows no more than the one before."""
    left = broken_off(tmp_path / "j", tmp_path, repeatable=True)

    async def waiting(trip: Trip) -> Outcome:
        return Outcome(trip.index, error=NotRunError("The run ended.", item=trip.index))

    assert drive(left, links(10), waiting).codes == ["ok"] * 4 + ["not_run"] * 6
    with JournalReader(left) as reader:
        assert reader.account() == Account(4, 0, 0, 1, 5)
    service = Service()
    assert drive(left, links(10), service).codes == ["ok"] * 10
    assert service.again == links(10)[4:5]


def test_a_crash_while_a_failed_item_is_tried_again_leaves_it_in_flight(tmp_path: Path) -> None:
    """The old failure says nothing any more about whether it happened."""
    path = tmp_path / "j"
    refused = NetworkError("No connection.", item=0, sent="no")
    drive(path, links(1), failing(refused, at=0), repeatable=False)

    async def crash() -> Path:
        journal = open_journal(path, repeatable=False)
        left: list[Path] = []

        @sending
        async def work(index: int, raw: Any) -> Outcome:
            left.append(crashed_copy(path, tmp_path / "crashed"))
            return Outcome(index)

        await by_journal(journal, work, retry_failed=True)(0, links(1)[0])
        await journal.aclose()
        return left[0]

    left = asyncio.run(crash())
    assert drive(left, links(1), Service(), repeatable=False).codes == ["unknown"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([{"Link": "other"}, *links(10)[1:]], "item 0 differs"),
        ([*links(10)[:7], {"Link": "link-7", "more": 1}, *links(10)[8:]], "item 7 differs"),
        (list(reversed(links(10))), "item 0 differs"),
        (links(9), "made with 10 items, and now there are 9"),
        (links(11), "made with 10 items, and there are more"),
    ],
)
def test_other_items_are_refused_with_the_place(tmp_path: Path, items: list[Any], words: str) -> None:
    drive(tmp_path / "j", links(10), Service())
    service = Service()
    driven = drive(tmp_path / "j", items, service)
    assert isinstance(driven.fault, JournalError)
    assert words in str(driven.fault)
    assert service.sent == []
    assert drive(tmp_path / "j", links(10), service).codes == ["ok"] * 10, "the journal is as good as before"


def test_a_number_known_beforehand_is_compared_before_anything_is_begun(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(10), Service(), total=10, until=4)
    for wrong in (9, 11, 3):
        with pytest.raises(JournalError, match=f"now there are {wrong}"):
            open_journal(tmp_path / "j", total=wrong)


def test_a_run_whose_end_was_not_seen_may_go_on_with_more_items(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(5), Service(), until=5)
    assert drive(tmp_path / "j", links(8), Service()).codes == ["ok"] * 8


def test_the_order_of_an_items_keys_is_no_difference(tmp_path: Path) -> None:
    drive(tmp_path / "j", [{"a": 1, "b": 2}], Service())
    assert drive(tmp_path / "j", [{"b": 2, "a": 1}], Service()).told == 1


def test_equal_items_are_told_apart_by_their_position(tmp_path: Path) -> None:
    items = [{"Link": "same"}] * 6
    drive(tmp_path / "j", items, Service(), until=2)
    service = Service()
    drive(tmp_path / "j", items, service)
    assert len(service.sent) == 4


def test_an_item_that_is_no_json_is_refused_alone(tmp_path: Path) -> None:
    items = [{"Link": "a"}, {"Link": {1, 2}}, {"Link": "b"}]
    service = Service()
    driven = drive(tmp_path / "j", items, service)
    assert driven.codes == ["ok", "invalid_item", "ok"]
    assert "not JSON" in str(driven.outcomes[1].error)
    assert drive(tmp_path / "j", items, service).codes == ["ok", "invalid_item", "ok"]
    assert len(service.sent) == 2


def test_a_line_that_could_not_be_read_is_known_by_its_words(tmp_path: Path) -> None:
    def answer(index: int, raw: Any) -> Outcome:
        return Outcome(index, error=raw) if isinstance(raw, InvalidItemError) else Outcome(index)

    items = [{"a": 1}, InvalidItemError("Line 2 is no JSON.", value="{oops")]
    drive(tmp_path / "j", items, Service(answer))
    assert drive(tmp_path / "j", items, Service()).told == 2
    other = [items[0], InvalidItemError("Line 2 is no JSON.", value="{ooops")]
    assert "item 1 differs" in str(drive(tmp_path / "j", other, Service()).fault)


def test_an_item_that_was_cancelled_before_its_intent_was_written_counts_as_not_run(tmp_path: Path) -> None:
    async def run() -> None:
        journal = open_journal(tmp_path / "j", repeatable=False)
        task = asyncio.create_task(by_journal(journal, Service())(0, links(1)[0]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await journal.aclose()

    asyncio.run(run())
    service = Service()
    assert drive(tmp_path / "j", links(1), service, repeatable=False).codes == ["ok"]
    assert len(service.sent) == 1


@pytest.mark.slow
def test_many_commits_carry_the_log_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write-ahead log does not grow with the run."""
    monkeypatch.setattr("nodeloom.journal.journalfile._LOG_BYTES", 256 * 1024)
    sizes: list[int] = []

    @sending
    async def work(index: int, raw: Any) -> Outcome:
        sizes.append((tmp_path / "j-wal").stat().st_size)
        return Outcome(index, [{"json": raw}])

    driven: Driven = drive(tmp_path / "j", links(4000), work)
    assert driven.codes == ["ok"] * 4000
    assert max(sizes) < 1024 * 1024
    assert drive(tmp_path / "j", links(4000), Service()).told == 4000
