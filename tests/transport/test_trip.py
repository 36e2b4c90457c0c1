"""An item's trip: what a request carries along of the item it is sent for."""

from __future__ import annotations

import asyncio

import pytest

from nodeloom.errors import Effect
from nodeloom.messages import Request, Response
from nodeloom.transport.trip import Intent, Trip


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


class Noted:
    """An intent that is on record from the beginning."""

    written = True
    maybe_done = False

    def write(self) -> asyncio.Future[None]:
        raise AssertionError

    def take_back(self) -> None:
        raise AssertionError


GET = Request("GET", "https://x.test/")


def test_answers_add_up_and_a_redirect_is_noted_before_what_came_from_behind_it() -> None:
    trip = Trip(3, {"Link": "a"})
    seen: list[int] = []
    trip.seen = lambda request, response: seen.append(response.status)
    moved = Response(200, {}, b"12345")
    moved.redirect = 303
    trip.answered(GET, Response(401, {}, b"12"))
    trip.answered(GET, moved)
    assert (trip.statuses, trip.size, trip.redirect, seen) == ((401, 303, 200), 7, 303, [401, 200])


def test_a_request_of_no_item_has_a_trip_of_its_own_each_time() -> None:
    """A token is fetched for all items: what it came to is no item's."""
    first, second = Trip.none(), Trip.none()
    first.answered(GET, Response(200, {}, b""))
    assert (first.item, second.item, second.statuses, second.intents) == (None, None, (), ())
    assert Trip(0).item == 0


def test_a_bulk_call_leaves_by_the_intents_of_all_its_items() -> None:
    intents: list[Intent] = [Noted(), Noted()]
    trips = [Trip(4, {}, (intents[0],)), Trip(5, {}), Trip(6, {}, (intents[1],))]
    trips[0].may_be_done()
    joined = Trip.together(trips, {"json": {"keys": ["a", "b", "c"]}})
    assert (joined.index, joined.raw, list(joined.intents)) == (4, {"json": {"keys": ["a", "b", "c"]}}, intents)
    assert (joined.statuses, joined.maybe_done, joined.effect) == ((), False, Effect.NONE), "its requests are its own"


def test_what_an_earlier_run_may_have_done_may_have_had_an_effect() -> None:
    trip = Trip(0)
    assert (trip.maybe_done, trip.effect) == (False, Effect.NONE)
    trip.may_be_done()
    assert (trip.maybe_done, trip.effect) == (True, Effect.UNKNOWN)


def test_its_representation_shows_nothing_of_the_item() -> None:
    trip = Trip(7, {"password": "canary"})
    trip.answered(GET, Response(200, {}, b""))
    assert repr(trip) == "<Trip of item 7, answered [200]>"
    assert repr(Trip.none()) == "<Trip of no item, answered []>"
