// Extension methods of dates: JavaScript's, luxon's, and (as n8n has it) time stamps written as ISO text.
(function (kit) {
  "use strict";
  const { fail, none, isDateTime } = kit.module("extensions");
  const { DateTime } = kit.module("datetime");
  const { UNITS } = kit.module("duration");
  const { NativeDate, isArray } = kit;

  const luxon = (value) => (isDateTime(value) ? value : DateTime.fromJSDate(value));
  // What goes in as a DateTime comes out as one, everything else as a Date.
  const like = (value, result) => (isDateTime(value) ? result : result.toJSDate());

  function fromText(text, format) {
    if (format) {
      if (["ms", "s", "us", "excel"].includes(format))
        return kit.module("ext-number").toDateTime(Number(text), [format]);
      return DateTime.fromFormat(text, format);
    }
    const trimmed = text.trim();
    const options = { setZone: true };
    for (const read of ["fromISO", "fromHTTP", "fromRFC2822", "fromSQL"]) {
      const parsed = DateTime[read](trimmed, options);
      if (parsed.isValid) return parsed;
    }
    const date = DateTime.fromMillis(Date.parse(trimmed));
    return date.isValid ? date : fail("cannot convert to a luxon DateTime");
  }
  // The units that n8n knows by other names than luxon does, for lengths of time and for parts of a date.
  const LENGTHS = {
    __proto__: null,
    ms: "milliseconds",
    sec: "seconds",
    secs: "seconds",
    min: "minutes",
    mins: "minutes",
    hr: "hours",
    hrs: "hours",
  };
  const PARTS = { __proto__: null, week: "weekNumber" };
  const part = (unit) => {
    const length = LENGTHS[unit] ?? unit;
    return UNITS.includes(length) && length !== "weeks" && length !== "quarters" ? length.slice(0, -1) : unit;
  };
  // One argument is what luxon takes; two are an amount and its unit.
  const lengthOf = (args) => {
    if (args.length === 1) return args[0];
    const [amount = 0, unit = "minutes"] = args;
    return { [LENGTHS[unit] ?? unit]: amount };
  };
  // The number of a day in its year, by the local time of JavaScript's dates.
  function dayOfYear(value) {
    const date = isDateTime(value) ? value.toJSDate() : value;
    const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
    return Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 0)) / 86400000);
  }
  function extract(value, name = "week") {
    if (name === "yearDayNumber") return dayOfYear(value);
    return luxon(value).get(PARTS[name] ?? part(name));
  }
  // A date that something is compared with; undefined if it is none.
  function bound(value) {
    if (typeof value === "string") {
      const date = DateTime.fromJSDate(new Date(value));
      return date.isValid ? date : undefined;
    }
    if (value instanceof NativeDate) return DateTime.fromJSDate(value);
    return isDateTime(value) ? value : undefined;
  }
  function isBetween(value, dates) {
    if (dates.length !== 2) return fail("isBetween(): expected two dates");
    const [a, b] = dates.map(bound);
    if (a === undefined || b === undefined) return undefined;
    return a > b ? b < value && value < a : a < value && value < b;
  }
  function isInLast(value, [amount, unit]) {
    const now = DateTime.now(),
      time = luxon(value);
    return now.minus(lengthOf([amount, unit])) <= time && time <= now;
  }
  const DIFFERENCES = [...UNITS, ...UNITS.map((unit) => unit.slice(0, -1)), "weekNumber", "yearDayNumber", "weekday"];
  function difference(value, to, unit = "days") {
    let units = isArray(unit) ? unit : [unit];
    if (units.length === 0) units = ["days"];
    const unknown = units.find((name) => name === "quarter" || !DIFFERENCES.includes(name));
    if (unknown) return fail(`Unsupported unit '${unknown}'. Supported: ${UNITS.join(", ")}.`);
    const other = isDateTime(to) ? to : typeof to === "string" ? fromText(to) : DateTime.fromJSDate(to);
    const result = value.diff(other, units);
    return units.length > 1 ? result.toObject() : result.as(units[0]);
  }
  const milliseconds = (value) => (isDateTime(value) ? value.toMillis() : value.getTime());
  return {
    __proto__: null,
    fromText,
    beginningOf: (value, [unit = "week"]) => like(value, luxon(value).startOf(part(unit))),
    endOfMonth: (value) => like(value, luxon(value).endOf("month")),
    extract: (value, [part]) => extract(value, part),
    isBetween,
    isDst: (value) => luxon(value).isInDST,
    isInLast,
    isWeekend: (value) => [6, 7].includes(luxon(value).weekday),
    plus: (value, args) => like(value, luxon(value).plus(lengthOf(args))),
    minus: (value, args) => like(value, luxon(value).minus(lengthOf(args))),
    format: (value, [format, options]) => luxon(value).toFormat(format, { ...options }),
    toDateTime: (value) => luxon(value),
    diffTo: (value, [to, unit]) => difference(value, to, unit),
    diffToNow: (value, [unit]) => difference(value, DateTime.now(), unit),
    toInt: milliseconds,
    toFloat: milliseconds,
    toBoolean: none,
    isEmpty: () => false,
    isNotEmpty: () => true,
  };
});
