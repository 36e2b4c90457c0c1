"""Dates: luxon's DateTime, Duration and Interval, and JavaScript's Date in the zone of the run."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.engines import engines_of
from nodeloom.expression.zones import _rules, zone_rules
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()

STAMP = "DateTime.fromISO('2024-03-15T10:20:30.456Z')"
NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"{STAMP}.toISO()", "2024-03-15T06:20:30.456-04:00"),
        (
            f"{STAMP}.toFormat('EEEE, d. LLL yyyy HH:mm:ss.SSS ZZ z')",
            "Friday, 15. Mar 2024 06:20:30.456 -04:00 America/New_York",
        ),
        (f"{STAMP}.setZone('Asia/Kolkata').toISO()", "2024-03-15T15:50:30.456+05:30"),
        (f"{STAMP}.setZone('Nowhere/Land').isValid", False),
        (f"{STAMP}.startOf('month').toISO()", "2024-03-01T00:00:00.000-05:00"),
        (f"{STAMP}.endOf('week').toISODate()", "2024-03-17"),
        (f"{STAMP}.plus({{ months: 1, hours: 20 }}).toISO()", "2024-04-16T02:20:30.456-04:00"),
        ("DateTime.fromISO('2024-03-09T02:30').plus({ days: 1 }).toISO()", "2024-03-10T03:30:00.000-04:00"),
        ("DateTime.fromISO('2024-01-31').plus({ months: 1 }).toISODate()", "2024-02-29"),
        (
            "DateTime.fromISO('2024-05-25').diff(DateTime.fromISO('2020-02-29'), ['years', 'days']).toObject()",
            {"years": 4, "days": 86},
        ),
        ("DateTime.fromFormat('15/3/24 10:20 PM', 'd/M/yy h:mm a').toISO()", "2024-03-15T22:20:00.000-04:00"),
        (
            "DateTime.fromISO('2024-W11-5').toISODate() + DateTime.fromISO('2024-075').toISOWeekDate()",
            "2024-03-152024-W11-5",
        ),
        (f"{STAMP}.toLocaleString(DateTime.DATETIME_HUGE)", "Friday, March 15, 2024 at 6:20 AM Eastern Daylight Time"),
        (f"{STAMP}.setLocale('fr').toLocaleString(DateTime.DATE_FULL)", "15 mars 2024"),
        (f"{STAMP}.toRelative({{ base: {STAMP}.plus({{ days: 5 }}) }})", "5 days ago"),
        ("Duration.fromObject({ hours: 25, minutes: -30 }).normalize().toObject()", {"hours": 24, "minutes": 30}),
        ("Duration.fromISO('PT2H30M').toFormat('hh:mm')", "02:30"),
        ("Interval.fromISO('2024-03-10/P2D').count('days')", 2),
        ("new Date('2024-03-15T10:20:30Z').plus(1, 'day').toISOString()", "2024-03-16T10:20:30.000Z"),
        ("DateTime.fromISO('nope').toISO()", None),
        ("DateTime.fromISO('2024-01-01').startOf('nothing')", UNDEFINED),
        ("'2024-03-15'.toDateTime().isWeekend()", False),
        ("$now.zoneName + ($today.hour)", "America/New_York0"),
    ],
)
def test_luxon(js: Any, code: str, expected: object) -> None:
    """As luxon 3.7 answers in New York."""
    assert js(code, timezone=NEW_YORK) == expected


def test_what_dates_become_in_python(js: Any) -> None:
    """A DateTime keeps its zone, a Date is in UTC, a Duration is its ISO text, an invalid one None.

    An Interval has the members that luxon's has, so that it is in JSON what n8n sends.
    """
    value = js("DateTime.fromISO('2024-07-01T12:00')", timezone="Europe/Berlin")
    assert value == datetime.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    assert value.tzinfo == zoneinfo.ZoneInfo("Europe/Berlin")
    assert js("[new Date(0)]") == [datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)]
    assert js("Duration.fromMillis(90000)") == "PT90S"
    assert js("DateTime.fromISO('x')") is None
    interval = js("Interval.fromISO('1970-01-01T00:00Z/PT1S').mapEndpoints((end) => end.setZone('UTC'))")
    ends = [datetime.datetime(1970, 1, 1, 0, 0, second, tzinfo=datetime.UTC) for second in (0, 1)]
    assert interval == {"s": ends[0], "e": ends[1], "invalid": None, "isLuxonInterval": True}
    written = '{"s":null,"e":null,"invalid":{"reason":"x"},"isLuxonInterval":true}'
    assert js("JSON.stringify(Interval.invalid('x'))") == written
    with pytest.raises(ExpressionError):
        js("new Date(8.64e15)")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("new Date(0).getHours()", 9),
        ("new Date(2024, 0, 1).toISOString()", "2023-12-31T15:00:00.000Z"),
        ("new Date('2024-01-01T12:00').toISOString()", "2024-01-01T03:00:00.000Z"),
        ("new Date('2024-01-01').toISOString()", "2024-01-01T00:00:00.000Z"),
        ("new Date('March 5, 2024').getTime()", 1709564400000),
        ("new Date(0).toString()", "Thu Jan 01 1970 09:00:00 GMT+0900 (Japan Standard Time)"),
        ("(() => { const d = new Date(0); d.setHours(0); return d.toISOString() })()", "1969-12-31T15:00:00.000Z"),
        ("new Date(0).getTimezoneOffset()", -540),
        ("new Date(0).toLocaleString()", "1/1/1970, 9:00:00 AM"),
        ("new Date(0) instanceof Date && typeof Date() === 'string' && Date.now() > 0", True),
        ("`${new Date(NaN)}`", "Invalid Date"),
    ],
)
def test_a_date_is_local_to_the_run(js: Any, code: str, expected: object) -> None:
    """Not to the process, which other runs share."""
    assert js(code, timezone="Asia/Tokyo") == expected


ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Africa/Casablanca",
    ]
)


@settings(max_examples=60, deadline=None)
@given(ZONES, st.integers(-2_000_000_000, 4_000_000_000))
def test_offsets_are_those_of_the_zone_database(name: str, instant: int) -> None:
    """At any instant of two centuries."""
    expected = datetime.datetime.fromtimestamp(instant, zoneinfo.ZoneInfo(name)).utcoffset()
    assert expected is not None
    offset = evaluate(
        "={{ DateTime.fromSeconds($json.t).offset * 60 }}", json={"t": instant}, timezone=name, engines=ENGINES
    )
    assert offset == pytest.approx(expected.total_seconds())


@settings(max_examples=60, deadline=None)
@given(ZONES, st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2099, 1, 1)))
def test_iso_text_is_read_and_written_without_loss(name: str, wall: datetime.datetime) -> None:
    """Local time in, the same instant as Python's out."""
    wall = wall.replace(microsecond=wall.microsecond // 1000 * 1000)
    value = evaluate("={{ DateTime.fromISO($json.t) }}", json={"t": wall.isoformat()}, timezone=name, engines=ENGINES)
    zone = zoneinfo.ZoneInfo(name)
    possible = [wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)]
    assert isinstance(value, datetime.datetime)
    assert any(value.timestamp() == pytest.approx(p) for p in possible)


def test_unknown_zones_have_no_rules() -> None:
    """Names are looked up as names, never as paths."""
    assert zone_rules("Nowhere/Land") is None
    assert zone_rules("../../etc/passwd") is None
    assert zone_rules("/etc/passwd") is None
    assert zone_rules("") is None
    rules = zone_rules("europe/berlin")
    assert rules is not None
    assert rules["name"] == "Europe/Berlin"


def test_what_is_no_zones_name_is_not_kept() -> None:
    """Items may hold any number of such texts, of any length: neither Python nor the engine holds on to them."""
    before = _rules.cache_info().currsize
    assert zone_rules("x" * 10_000) is None
    assert zone_rules("Nowhere and Land") is None
    assert _rules.cache_info().currsize == before
    environment = Environment(engines=Engines())
    template = compile_value("={{ $now.setZone($json.zone).isValid }}", dialect="n8n")
    used = []
    for number in range(300):
        item = {"json": {"zone": f"Nowhere/{'n' * 80}{number}"}}
        assert template.resolve(Scope(environment, [item], 0)) is False
        if number in (99, 299):
            used.append(engines_of(environment).current().interpreter._used())  # type: ignore[attr-defined]
    assert used[1] - used[0] < 10_000


def test_a_run_in_an_unknown_zone_fails_where_it_matters(js: Any) -> None:
    """Expressions without dates do not ask."""
    assert js("1 + 1", timezone="Nope/Zone") == 2
    with pytest.raises(ExpressionError, match="Nope/Zone"):
        js("$now.toISO()", timezone="Nope/Zone")
    assert js("$now.isValid", timezone="local") is True


@pytest.mark.parametrize(
    ("made", "text", "zone"),
    [
        ("DateTime.fromISO('2026-01-01T10:00:00')", "2026-01-01T10:00:00.000-05:00", "America/New_York"),
        ("DateTime.fromISO('2026-01-01T10:00:00+02:30', {setZone: true})", "2026-01-01T10:00:00.000+02:30", "UTC+2:30"),
        ("DateTime.utc(2026, 1, 1)", "2026-01-01T00:00:00.000Z", "UTC"),
        ("DateTime.fromISO('2026-11-01T01:30:00-05:00')", "2026-11-01T01:30:00.000-05:00", "America/New_York"),
        ("DateTime.fromISO('2026-11-01T01:30:00-04:00')", "2026-11-01T01:30:00.000-04:00", "America/New_York"),
        ("DateTime.local(2026, 7, 1, {zone: 'Asia/Kolkata'})", "2026-07-01T00:00:00.000+05:30", "Asia/Kolkata"),
    ],
)
def test_a_date_time_that_was_a_result_is_one_again_in_its_zone(made: str, text: str, zone: str) -> None:
    """A parameter that holds a DateTime is read as one, not as a JavaScript Date."""

    def asked(code: str) -> Any:
        parameters = {"at": "={{ " + made + " }}"}
        return evaluate(code, parameters=parameters, dialect="n8n", timezone="America/New_York", engines=ENGINES)

    assert asked("=at {{ $parameter.at }}") == f"at {text}"
    assert asked("={{ $parameter.at.zoneName }}") == zone
    assert asked("={{ $parameter.at.plus({ minutes: 1 }).minus({ minutes: 1 }).toISO() }}") == text
    assert asked("={{ $parameter.at instanceof DateTime }}") is True
    assert asked("={{ $parameter.at }}").isoformat(timespec="milliseconds").replace("+00:00", "Z") == text


def test_a_javascript_date_stays_one() -> None:
    parameters = {"at": "={{ new Date(0) }}"}
    assert evaluate("={{ $parameter.at instanceof Date }}", parameters=parameters, dialect="n8n") is True
    assert evaluate("={{ $parameter.at.getTime() }}", parameters=parameters, dialect="n8n") == 0
