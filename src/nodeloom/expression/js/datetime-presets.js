// The formats luxon has names for.
(function () {
  "use strict";
  const n = "numeric",
    s = "short",
    l = "long";
  const date = { year: n, month: n, day: n },
    time = { hour: n, minute: n };
  const PRESETS = {
    DATE_SHORT: date,
    DATE_MED: { ...date, month: s },
    DATE_MED_WITH_WEEKDAY: { ...date, month: s, weekday: s },
    DATE_FULL: { ...date, month: l },
    DATE_HUGE: { ...date, month: l, weekday: l },
    TIME_SIMPLE: time,
    TIME_WITH_SECONDS: { ...time, second: n },
    TIME_WITH_SHORT_OFFSET: { ...time, second: n, timeZoneName: s },
    TIME_WITH_LONG_OFFSET: { ...time, second: n, timeZoneName: l },
    TIME_24_SIMPLE: { ...time, hourCycle: "h23" },
    TIME_24_WITH_SECONDS: { ...time, second: n, hourCycle: "h23" },
    TIME_24_WITH_SHORT_OFFSET: { ...time, second: n, hourCycle: "h23", timeZoneName: s },
    TIME_24_WITH_LONG_OFFSET: { ...time, second: n, hourCycle: "h23", timeZoneName: l },
    DATETIME_SHORT: { ...date, ...time },
    DATETIME_SHORT_WITH_SECONDS: { ...date, ...time, second: n },
    DATETIME_MED: { ...date, month: s, ...time },
    DATETIME_MED_WITH_SECONDS: { ...date, month: s, ...time, second: n },
    DATETIME_MED_WITH_WEEKDAY: { ...date, month: s, weekday: s, ...time },
    DATETIME_FULL: { ...date, month: l, ...time, timeZoneName: s },
    DATETIME_FULL_WITH_SECONDS: { ...date, month: l, ...time, second: n, timeZoneName: s },
    DATETIME_HUGE: { ...date, month: l, weekday: l, ...time, timeZoneName: l },
    DATETIME_HUGE_WITH_SECONDS: { ...date, month: l, weekday: l, ...time, second: n, timeZoneName: l },
  };
  return { PRESETS };
});
