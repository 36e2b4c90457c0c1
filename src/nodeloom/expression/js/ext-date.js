// Extension methods of dates: JavaScript's, luxon's, and (as n8n has it) time stamps written as ISO text.
(function (kit) {
  "use strict";
  const { fail, none, isDateTime } = kit.module("extensions");
  const { DateTime } = kit.module("datetime");
  const { Duration } = kit.module("duration");
  const { NativeDate } = kit;

  const luxon = (value) => (isDateTime(value) ? value : DateTime.fromJSDate(value));
  // What goes in as a DateTime comes out as one, everything else as a Date.
  const like = (value, result) => (isDateTime(value) ? result : result.toJSDate());

  function fromText(text, format) {
    if (format !== undefined) {
      if (["ms", "s", "us", "excel"].includes(format))
        return kit.module("ext-number").toDateTime(Number(text), [format]);
      return DateTime.fromFormat(text, format);
    }
    const options = { setZone: true };
    for (const parsed of [
      DateTime.fromISO(text, options),
      DateTime.fromHTTP(text, options),
      DateTime.fromRFC2822(text, options),
      DateTime.fromSQL(text, options),
    ]) {
      if (parsed.isValid) return parsed;
    }
    const date = /^\s*\d+\s*$|^\d\d?\.\d\d?\./.test(text) ? new Date(NaN) : new Date(text);
    if (Number.isNaN(date.getTime())) return fail("cannot convert to a luxon DateTime");
    return DateTime.fromJSDate(date);
  }
  // Another point in time, as an argument gives it.
  const other = (value) =>
    isDateTime(value) ? value : value instanceof NativeDate ? DateTime.fromJSDate(value) : DateTime.fromISO(value);
  const durationOf = (amount, unit) => {
    if (amount !== null && typeof amount === "object") return amount;
    return Duration.fromObject({ [unit ?? "milliseconds"]: amount });
  };
  function extract(value, part = "week") {
    const name = part === "yearDayNumber" ? "ordinal" : part;
    const known = { week: "weekNumber" };
    return luxon(value).get(known[name] ?? name);
  }
  function isBetween(value, dates) {
    if (dates.length !== 2) return fail("isBetween(): expected two dates");
    const [a, b] = dates.map(other);
    if (!a.isValid || !b.isValid) return undefined;
    const time = luxon(value);
    return a > b ? time >= b && time <= a : time >= a && time <= b;
  }
  function isInLast(value, [amount = 0, unit = "minutes"]) {
    const now = DateTime.now(),
      time = luxon(value);
    return now.minus(durationOf(amount, unit)) <= time && time <= now;
  }
  function difference(value, to, unit = "days") {
    const target = other(to);
    if (!isDateTime(value)) return undefined;
    const result = value.diff(target, unit);
    return Array.isArray(unit) ? result.toObject() : result.as(unit);
  }
  return {
    __proto__: null,
    fromText,
    beginningOf: (value, [unit = "week"]) => like(value, luxon(value).startOf(unit)),
    endOfMonth: (value) => like(value, luxon(value).endOf("month")),
    extract: (value, [part]) => extract(value, part),
    isBetween,
    isDst: (value) => luxon(value).isInDST,
    isInLast,
    isWeekend: (value) => [6, 7].includes(luxon(value).weekday),
    plus: (value, [amount, unit]) => like(value, luxon(value).plus(durationOf(amount, unit))),
    minus: (value, [amount, unit]) => like(value, luxon(value).minus(durationOf(amount, unit))),
    format: (value, [format, options]) => luxon(value).toFormat(format, options),
    toDateTime: (value) => luxon(value),
    diffTo: (value, [to, unit]) => difference(value, to, unit),
    diffToNow: (value, [unit]) => difference(value, DateTime.now(), unit),
    toInt: (value) => luxon(value).toMillis(),
    toFloat: (value) => luxon(value).toMillis(),
    toBoolean: none,
    isEmpty: () => false,
    isNotEmpty: () => true,
  };
});
