// The difference of two DateTimes in calendar units, and times relative to another in words.
(function (kit) {
  "use strict";
  const { DateTime } = kit.module("datetime");
  const { Duration, UNITS, unitName } = kit.module("duration");
  const CLOCK = ["hours", "minutes", "seconds", "milliseconds"];

  const calendarDays = (from, to) => {
    const day = (time) => time.toUTC(0, { keepLocalTime: true }).startOf("day").valueOf();
    return Math.floor((day(to) - day(from)) / 86400000);
  };
  // A first guess, at most two too large: how many of the unit lie between.
  const GUESS = {
    years: (from, to) => to.year - from.year,
    quarters: (from, to) => to.quarter - from.quarter + (to.year - from.year) * 4,
    months: (from, to) => to.month - from.month + (to.year - from.year) * 12,
    weeks: (from, to) => {
      const days = calendarDays(from, to);
      return (days - (days % 7)) / 7;
    },
    days: calendarDays,
  };
  function difference(later, earlier, units, options) {
    const counts = {};
    let reached = earlier,
      beyond = null,
      last = null;
    for (const unit of UNITS) {
      if (!(unit in GUESS) || !units.includes(unit)) continue;
      last = unit;
      counts[unit] = GUESS[unit](reached, later);
      beyond = earlier.plus(counts);
      if (beyond > later) {
        counts[unit] -= 1;
        reached = earlier.plus(counts);
        if (reached > later) {
          beyond = reached;
          counts[unit] -= 1;
          reached = earlier.plus(counts);
        }
      } else {
        reached = beyond;
      }
    }
    const left = later - reached;
    const clock = units.filter((unit) => CLOCK.includes(unit));
    if (clock.length > 0)
      return Duration.fromMillis(left, options)
        .shiftTo(...clock)
        .plus(Duration.fromObject(counts, options));
    if (last !== null) {
      if (beyond < later) beyond = reached.plus({ [last]: 1 });
      if (+beyond !== +reached) counts[last] += left / (beyond - reached);
    }
    return Duration.fromObject(counts, options);
  }

  function phrase(count, unit, { style = "long", numeric = "always" }, locale) {
    return kit.module("intl").relative(count, unit, style, numeric, locale);
  }
  function relative(
    time,
    { base = DateTime.fromMillis(Date.now(), { zone: time.zone }), unit, round = true, padding = 0, ...options },
  ) {
    const shifted = padding ? (time < base ? time.minus(padding) : time.plus(padding)) : time;
    const units = Array.isArray(unit)
      ? unit
      : unit === undefined
        ? ["years", "months", "days", "hours", "minutes", "seconds"]
        : [unit];
    for (const name of units) {
      const exact = shifted.diff(base, name).get(name);
      const count = round ? Math.trunc(exact) : exact;
      if (Math.abs(count) >= 1 || name === units[units.length - 1])
        return phrase(count, name, { numeric: "always", ...options }, options.locale ?? time.locale);
    }
    return null;
  }
  function relativeCalendar(time, { base = DateTime.fromMillis(Date.now(), { zone: time.zone }), unit, ...options }) {
    const units = unit === undefined ? ["years", "months", "days"] : [unitName(unit)];
    for (const name of units) {
      const count = Math.round(time.startOf(name).diff(base.setZone(time.zone).startOf(name), name).get(name));
      if (Math.abs(count) >= 1 || name === units[units.length - 1])
        return phrase(count, name, { numeric: "auto", ...options }, options.locale ?? time.locale);
    }
    return null;
  }
  return { difference, relative, relativeCalendar };
});
