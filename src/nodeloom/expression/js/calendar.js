// The Gregorian calendar and the ISO week calendar: from numbers to instants and back.
(function (kit) {
  "use strict";
  const { NativeDate } = kit;
  const MINUTE = 60000,
    DAY = 86400000;

  const daysInMonth = (year, month) => {
    const index = (((month - 1) % 12) + 12) % 12;
    const y = year + (month - 1 - index) / 12;
    return index === 1 ? (isLeap(y) ? 29 : 28) : [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][index];
  };
  const isLeap = (year) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  // Milliseconds of a calendar date and time taken as UTC; years below 100 are meant as written.
  function utcTime(c) {
    const time = Date.UTC(2000, c.month - 1, c.day, c.hour, c.minute, c.second, c.millisecond);
    const date = new NativeDate(time);
    date.setUTCFullYear(c.year, c.month - 1, c.day);
    return c.year >= 100 ? Date.UTC(c.year, c.month - 1, c.day, c.hour, c.minute, c.second, c.millisecond) : +date;
  }
  function fields(time) {
    const d = new NativeDate(time);
    return {
      year: d.getUTCFullYear(),
      month: d.getUTCMonth() + 1,
      day: d.getUTCDate(),
      hour: d.getUTCHours(),
      minute: d.getUTCMinutes(),
      second: d.getUTCSeconds(),
      millisecond: d.getUTCMilliseconds(),
    };
  }
  // The instant at which clocks of the zone show `local`; `guess` is tried first, which decides if they show it twice.
  function instant(local, guess, zone) {
    let time = local - guess * MINUTE;
    const second = zone.offset(time);
    if (second === guess) return [time, guess];
    time -= (second - guess) * MINUTE;
    const third = zone.offset(time);
    if (second === third) return [time, second];
    return [local - Math.min(second, third) * MINUTE, Math.max(second, third)];
  }
  const weekdayOf = (year, month, day) =>
    ((new NativeDate(utcTime({ year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 })).getUTCDay() + 6) %
      7) +
    1;
  const ordinalOf = (c) =>
    Math.round(
      (utcTime({ ...c, hour: 0, minute: 0, second: 0, millisecond: 0 }) -
        utcTime({ year: c.year, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 })) /
        DAY,
    ) + 1;
  // The day of a week that begins with `start`, 1 being Monday and the start of ISO 8601.
  const within = (weekday, start) => ((weekday - start + 7) % 7) + 1;
  const weeksInYear = (year, start = 1) => {
    const before = (y) => 3 - within(weekdayOf(y, 1, 4), start);
    return ((isLeap(year) ? 366 : 365) - before(year) + before(year + 1)) / 7;
  };
  function weekOf(c, start = 1) {
    const weekday = within(weekdayOf(c.year, c.month, c.day), start);
    const number = Math.floor((ordinalOf(c) - weekday + 10) / 7);
    if (number < 1) return { weekYear: c.year - 1, weekNumber: weeksInYear(c.year - 1, start), weekday };
    if (number > weeksInYear(c.year, start)) return { weekYear: c.year + 1, weekNumber: 1, weekday };
    return { weekYear: c.year, weekNumber: number, weekday };
  }
  function fromOrdinal(year, ordinal) {
    let month = 1,
      day = ordinal;
    while (day > daysInMonth(year, month)) {
      day -= daysInMonth(year, month);
      month += 1;
    }
    return { year, month, day };
  }
  function fromWeek(year, week, weekday) {
    const ordinal = week * 7 + weekday - weekdayOf(year, 1, 4) - 3;
    if (ordinal < 1) return fromOrdinal(year - 1, ordinal + (isLeap(year - 1) ? 366 : 365));
    const length = isLeap(year) ? 366 : 365;
    return ordinal > length ? fromOrdinal(year + 1, ordinal - length) : fromOrdinal(year, ordinal);
  }

  const FIELDS = {
    year: "year",
    years: "year",
    quarter: "quarter",
    quarters: "quarter",
    month: "month",
    months: "month",
    day: "day",
    days: "day",
    hour: "hour",
    hours: "hour",
    minute: "minute",
    minutes: "minute",
    second: "second",
    seconds: "second",
    millisecond: "millisecond",
    milliseconds: "millisecond",
    weekday: "weekday",
    weekdays: "weekday",
    weeknumber: "weekNumber",
    weeksnumber: "weekNumber",
    weeknumbers: "weekNumber",
    weekyear: "weekYear",
    weekyears: "weekYear",
    ordinal: "ordinal",
    week: "week",
    weeks: "week",
    localweekday: "localWeekday",
    localweeknumber: "localWeekNumber",
    localweekyear: "localWeekYear",
  };
  const field = (name) => {
    const known = FIELDS[`${name}`.toLowerCase()];
    if (known === undefined) throw new Error(`Invalid unit ${name}`);
    return known;
  };
  const SETTABLE = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "weekday",
    "weekNumber",
    "weekYear",
    "ordinal",
    "localWeekday",
    "localWeekNumber",
    "localWeekYear",
  ];
  function given(values) {
    const result = {};
    for (const key of Object.keys(values)) {
      const value = values[key];
      if (value === undefined || value === null) continue;
      const name = field(key);
      if (!SETTABLE.includes(name)) throw new Error(`Invalid unit ${key}`);
      if (typeof value === "boolean" || value === "" || !Number.isFinite(+value))
        throw new Error(`Invalid value ${value} for unit ${key}`);
      result[name.replace("localW", "w")] = +value;
    }
    return result;
  }
  const LIMITS = {
    month: () => [1, 12],
    hour: () => [0, 24],
    minute: () => [0, 59],
    second: () => [0, 59],
    millisecond: () => [0, 999],
    day: (c) => [1, daysInMonth(c.year, c.month)],
    ordinal: (c) => [1, isLeap(c.year) ? 366 : 365],
    weekNumber: (c) => [1, weeksInYear(c.weekYear)],
    weekday: () => [1, 7],
  };
  function outOfRange(c) {
    for (const [name, limits] of Object.entries(LIMITS)) {
      if (c[name] === undefined) continue;
      const [low, high] = limits(c);
      if (!Number.isInteger(c[name]) || c[name] < low || c[name] > high) return name;
    }
    if (c.hour === 24 && (c.minute || c.second || c.millisecond)) return "hour";
    return c.year !== undefined && !Number.isInteger(c.year) ? "year" : null;
  }
  const has = (own, ...names) => names.some((name) => own[name] !== undefined);
  function refuseMixture(own) {
    const week = has(own, "weekYear", "weekNumber");
    if (week && has(own, "year", "month", "day", "ordinal")) {
      throw new Error("Can't mix weekYear/weekNumber units with year/month/day or ordinals");
    }
    if (has(own, "month", "day") && has(own, "ordinal")) throw new Error("Can't mix ordinal dates with month/day");
  }
  // A whole date and time of the units given: units above the first one are today's, those below it are the least.
  function completed(own, today) {
    refuseMixture(has(own, "year") && !has(own, "weekYear", "weekNumber") ? { ...own, year: undefined } : own);
    const useWeek =
      has(own, "weekYear", "weekNumber") || (has(own, "weekday") && !has(own, "year", "month", "day", "ordinal"));
    const days = useWeek
      ? ["weekYear", "weekNumber", "weekday"]
      : has(own, "ordinal")
        ? ["year", "ordinal"]
        : ["year", "month", "day"];
    const current = { ...today, ...weekOf(today), ordinal: ordinalOf(today) };
    const least = { month: 1, day: 1, weekNumber: 1, weekday: 1, ordinal: 1 };
    let found = false;
    const c = {};
    for (const name of [...days, "hour", "minute", "second", "millisecond"]) {
      found = found || own[name] !== undefined;
      c[name] = own[name] ?? (found ? (least[name] ?? 0) : current[name]);
    }
    const wrong = outOfRange(c);
    if (wrong !== null) return { wrong };
    const { hour, minute, second, millisecond } = c;
    const date = useWeek
      ? fromWeek(c.weekYear, c.weekNumber, c.weekday)
      : has(own, "ordinal")
        ? fromOrdinal(c.year, c.ordinal)
        : c;
    return { c: { year: date.year, month: date.month, day: date.day, hour, minute, second, millisecond } };
  }
  // The date and time `now` with the units given replaced.
  function changed(own, now) {
    refuseMixture(own);
    const c = { ...now, ...own };
    if (has(own, "weekYear", "weekNumber", "weekday")) {
      const { weekYear, weekNumber, weekday } = { ...weekOf(now), ...own };
      return { ...c, ...fromWeek(weekYear, weekNumber, weekday) };
    }
    if (has(own, "ordinal")) return { ...c, ...fromOrdinal(now.year, own.ordinal) };
    if (!has(own, "day")) c.day = Math.min(daysInMonth(c.year, c.month), c.day);
    return c;
  }
  const plain = (c) => ({ hour: 0, minute: 0, second: 0, millisecond: 0, ...c });

  return {
    MINUTE,
    DAY,
    daysInMonth,
    isLeap,
    utcTime,
    fields,
    instant,
    ordinalOf,
    weeksInYear,
    weekOf,
    fromOrdinal,
    fromWeek,
    completed,
    changed,
    given,
    outOfRange,
    plain,
  };
});
