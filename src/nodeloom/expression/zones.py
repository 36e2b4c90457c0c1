"""The rules of time zones as JavaScript needs them, worked out from Python's `zoneinfo`."""

from __future__ import annotations

import datetime
import os
import re
import time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_EARLIEST = -2_840_140_800  # 1880-01-01; before it zones have local mean time, which has no use here
_LATEST = 4_102_444_800  # 2100-01-01; later instants use the rule of the last years before it
#: No zone changes its offset and back within this many seconds.
_STEP = 20 * 86400


#: What the name of a zone may be, and how long. Any other text is not kept.
_NAME = re.compile(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*")
_LONGEST_NAME = 100


def zone_rules(name: str) -> dict[str, Any] | None:
    """The transitions of the zone `name`, or None for an unknown zone.

    `at` holds the instants in milliseconds since 1970, ascending; `offset` (seconds) and `abbreviation` have
    one element more, the first for the time before the first transition.
    """
    return _rules(name) if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else None


@lru_cache(maxsize=256)
def _rules(name: str) -> dict[str, Any] | None:
    """See `zone_rules`. Found by halving, as `zoneinfo` does not tell its transitions."""
    zone = _load(name)
    if zone is None:
        return None

    def state(instant: int) -> tuple[int, str]:
        # Not `fromtimestamp`, which refuses times before 1970 on Windows.
        local = (_EPOCH + datetime.timedelta(seconds=instant)).astimezone(zone)
        offset = local.utcoffset()
        return (round(offset.total_seconds()) if offset else 0), local.tzname() or ""

    at: list[int] = []
    states = [state(_EARLIEST)]
    for start in range(_EARLIEST, _LATEST, _STEP):
        after = state(start + _STEP)
        if after != states[-1]:
            at.append(_change(state, start, start + _STEP) * 1000)
            states.append(after)
    return {
        "name": zone.key,
        "at": at,
        "offset": [offset for offset, _ in states],
        "abbreviation": [abbreviation for _, abbreviation in states],
    }


def _change(state: Any, low: int, high: int) -> int:
    """The first second of `(low, high]` whose state is that of `high`."""
    target = state(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if state(middle) == target else (middle, high)
    return high


def _load(name: str) -> Any:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        lowered = name.lower()
        known = next((z for z in _names() if z.lower() == lowered), None)
        return None if known is None else zoneinfo.ZoneInfo(known)


@cache
def _names() -> frozenset[str]:
    import zoneinfo

    return frozenset(zoneinfo.available_timezones())


def process_zone() -> str:
    """The name of the zone this process runs in: `TZ`, or what /etc/localtime points to, or UTC."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        _, found, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
        name = name if found else ""
    if name and zone_rules(name) is not None:
        return name
    # POSIX rules ("EST5EDT,…") and stripped-down systems: the offset is still right.
    return "UTC" if not time.timezone else f"Etc/GMT{time.timezone // 3600:+d}"
