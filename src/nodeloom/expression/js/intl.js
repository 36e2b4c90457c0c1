// As much of ECMA-402 as expressions use: numbers, dates, relative times and comparison of text, for the languages in
// locales.js.
(function (kit) {
  "use strict";
  const { LOCALES, ZONES, EXCEPTIONS, SHORT_IN_AMERICA, tagOf, locale } = kit.module("locales");
  const { formatNumber } = kit.module("intl-number");
  const { compare } = kit.module("collation");
  const { NativeDate, read, need } = kit;
  const two = (number) => `${number}`.padStart(2, "0");

  function checkTag(tag) {
    if (!/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/.test(tagOf(tag)))
      throw new RangeError("Incorrect locale information provided");
  }

  // Dates. `fieldsOf` gives calendar fields and the zone's names at an instant.
  function zoneName(zone, time, format, tag) {
    const abbreviation = zone.abbreviation(time);
    const offset = zone.offset(time);
    if (zone.name === "UTC" || zone.name === "Etc/UTC") return format === "long" ? "Coordinated Universal Time" : "UTC";
    if (format === "long") {
      const known =
        EXCEPTIONS[`${zone.name}/${abbreviation}`] ??
        EXCEPTIONS[zone.name] ??
        (/^(?:IST|CST|PST|GST)$/.test(abbreviation) && !zone.name.startsWith("America/")
          ? undefined
          : ZONES[abbreviation]);
      return known ?? `GMT${offset === 0 ? "" : zone.formatOffset(time, "short")}`;
    }
    const american =
      zone.name.startsWith("America/") || zone.name.startsWith("US/") || zone.name === "Pacific/Honolulu";
    if (american && SHORT_IN_AMERICA.includes(abbreviation) && /^en(?:-US)?$/i.test(tagOf(tag))) return abbreviation;
    return offset === 0 ? "GMT" : `GMT${zone.formatOffset(time, "narrow")}`;
  }
  const STYLES = {
    date: {
      full: { year: "numeric", month: "long", day: "numeric", weekday: "long" },
      long: { year: "numeric", month: "long", day: "numeric" },
      medium: { year: "numeric", month: "short", day: "numeric" },
      short: { year: "2-digit", month: "numeric", day: "numeric" },
    },
    time: {
      full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
      long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
      medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
      short: { hour: "numeric", minute: "2-digit" },
    },
  };
  function dateText(d, o, names) {
    const year = o.year === "2-digit" ? `${d.year}`.slice(-2) : o.year && `${d.year}`;
    const day = o.day && (o.day === "2-digit" ? two(d.day) : `${d.day}`);
    const textual = ["long", "short", "narrow"].includes(o.month);
    let text;
    if (textual) {
      const month = names.months[o.month][d.month - 1];
      const pattern = names.text;
      if (day && year)
        text = pattern
          .split(/\b([dMy])\b/)
          .map((piece) => ({ d: day, M: month, y: year })[piece] ?? piece)
          .join("");
      else if (day)
        text = pattern.startsWith("M")
          ? `${month} ${day}`
          : names.text.includes("de")
            ? `${day} de ${month}`
            : `${day}${names.text.startsWith("d.") ? "." : ""} ${month}`;
      else if (year) text = `${month}${names.text.includes(" de y") ? " de" : ""} ${year}`;
      else text = month;
    } else {
      const month = o.month && (o.month === "2-digit" ? two(d.month) : `${d.month}`);
      const padded = /[mY]/.test(names.numeric);
      const separator = names.numeric.match(/[^a-zA-Z]/)[0];
      const values = {
        d: day && (padded ? day.padStart(2, "0") : day),
        m: month && (padded ? month.padStart(2, "0") : month),
        y: year,
      };
      text = [...names.numeric]
        .filter((c) => /[a-zA-Z]/.test(c))
        .map((c) => values[c.toLowerCase()])
        .filter((part) => part)
        .join(separator);
    }
    if (!o.weekday) return text;
    const weekday = names.weekdays[o.weekday][d.weekday - 1];
    return text ? (textual ? names.weekday : "E, ").replace("E", weekday) + text : weekday;
  }
  function timeText(d, o, names) {
    const cycle = o.hourCycle ?? (o.hour12 === undefined ? (names.hour12 ? "h12" : "h23") : o.hour12 ? "h12" : "h23");
    const half = cycle === "h12" || cycle === "h11";
    const parts = [];
    if (o.hour) {
      const hour = half ? (d.hour % 12 === 0 ? 12 : d.hour % 12) : d.hour;
      parts.push(o.hour === "2-digit" || !half ? two(hour) : `${hour}`);
    }
    if (o.minute) parts.push(o.hour ? two(d.minute) : `${d.minute}`);
    if (o.second) parts.push(o.minute ? two(d.second) : `${d.second}`);
    let text = parts.join(":");
    if (o.fractionalSecondDigits) text += `.${`${d.millisecond}`.padStart(3, "0").slice(0, o.fractionalSecondDigits)}`;
    if (o.hour && half) text += ` ${names.meridiems[d.hour < 12 ? 0 : 1]}`;
    return text;
  }
  function formatDateTime(d, options, tag) {
    const names = locale(tag);
    const o = {
      ...(options.dateStyle ? STYLES.date[options.dateStyle] : {}),
      ...(options.timeStyle ? STYLES.time[options.timeStyle] : {}),
      ...options,
    };
    if (options.dateStyle === "medium" && locale(tag) === LOCALES.de) o.month = o.day = "2-digit";
    const date = o.year || o.month || o.day || o.weekday ? dateText(d, o, names) : "";
    let time = o.hour || o.minute || o.second ? timeText(d, o, names) : "";
    if (o.timeZoneName) {
      const zone = d.zone.offsetName(d.toMillis(), {
        format: o.timeZoneName === "long" ? "long" : "short",
        locale: tagOf(tag),
      });
      time = time === "" ? (date === "" ? zone : `, ${zone}`) : `${time} ${zone}`;
    }
    if (date === "" || time === "") return date + time;
    const long = o.month === "long";
    return (
      date +
      (time.startsWith(", ") ? "" : long ? names.joinLong : (o.month !== "short" && names.joinNumeric) || names.join) +
      time
    );
  }
  const processZone = () => read(need("process", "")).zone;
  function dateIn(date, zone) {
    const { DateTime } = kit.module("datetime");
    return DateTime.fromMillis(date.valueOf(), { zone: zone ?? processZone() });
  }
  function formatDate(date, tag, options, defaults) {
    if (Number.isNaN(date.valueOf())) return "Invalid Date";
    const given = options ?? {};
    const named = [
      "weekday",
      "year",
      "month",
      "day",
      "hour",
      "minute",
      "second",
      "dateStyle",
      "timeStyle",
      "fractionalSecondDigits",
    ].some((key) => given[key] !== undefined);
    const d = dateIn(date, given.timeZone ?? read(need("environment", "")).timezone);
    if (!d.isValid) throw new RangeError(`Invalid time zone specified: ${given.timeZone}`);
    return formatDateTime(
      d,
      named && !(defaults.force && !defaults.force.some((key) => given[key] !== undefined))
        ? given
        : { ...defaults.fields, ...given },
      tag,
    );
  }
  const DATE = { year: "numeric", month: "numeric", day: "numeric" };
  const TIME = { hour: "numeric", minute: "2-digit", second: "2-digit" };
  const DEFAULTS = {
    all: { fields: { ...DATE, ...TIME } },
    date: { fields: DATE, force: ["weekday", "year", "month", "day", "dateStyle"] },
    time: { fields: TIME, force: ["hour", "minute", "second", "timeStyle", "fractionalSecondDigits"] },
  };

  function relative(count, unit, style, numeric, tag) {
    const name = unit.replace(/s$/, "");
    const amount = Math.abs(count);
    if (numeric === "auto" && count === 0) return name === "day" ? "today" : `this ${name}`;
    if (numeric === "auto" && amount === 1 && ["year", "quarter", "month", "week", "day"].includes(name)) {
      return name === "day" ? (count < 0 ? "yesterday" : "tomorrow") : `${count < 0 ? "last" : "next"} ${name}`;
    }
    const short = {
      year: "yr.",
      quarter: amount === 1 ? "qtr." : "qtrs.",
      month: "mo.",
      week: "wk.",
      day: amount === 1 ? "day" : "days",
      hour: "hr.",
      minute: "min.",
      second: "sec.",
    };
    const word = style === "long" ? `${name}${amount === 1 ? "" : "s"}` : short[name];
    const text = `${formatNumber(amount, tag)} ${word}`;
    return count < 0 || Object.is(count, -0) ? `${text} ago` : `in ${text}`;
  }
  function formatDuration(values, units, options, tag) {
    const { unitDisplay = "long", listStyle = "narrow", ...numbers } = { useGrouping: false, ...options };
    const short = {
      years: "yr",
      quarters: "qtr",
      months: "mth",
      weeks: "wk",
      days: "day",
      hours: "hr",
      minutes: "min",
      seconds: "sec",
      milliseconds: "ms",
    };
    const parts = units
      .filter((unit) => values[unit] !== undefined)
      .map((unit) => {
        const count = values[unit];
        const one = Math.abs(count) === 1;
        const plural = ["years", "quarters", "months", "weeks", "days"].includes(unit) && !one ? "s" : "";
        const word = unitDisplay === "long" ? (one ? unit.slice(0, -1) : unit) : short[unit] + plural;
        return `${formatNumber(count, tag, numbers)} ${word}`;
      });
    if (listStyle === "long" && parts.length > 1)
      return `${parts.slice(0, -1).join(", ")}${parts.length > 2 ? "," : ""} and ${parts[parts.length - 1]}`;
    return parts.join(", ");
  }

  class NumberFormat {
    constructor(tag, options) {
      checkTag(tag);
      this.format = (value) => formatNumber(value, tag, options);
      this.tag = tagOf(tag);
    }
    resolvedOptions() {
      return { locale: this.tag, numberingSystem: "latn" };
    }
  }
  class DateTimeFormat {
    #zone;
    constructor(tag, options) {
      checkTag(tag);
      this.#zone = options?.timeZone;
      this.tag = tagOf(tag);
      this.format = (date = NativeDate.now()) => formatDate(new NativeDate(date), tag, options, { fields: DATE });
    }
    resolvedOptions() {
      return {
        locale: this.tag,
        calendar: "gregory",
        numberingSystem: "latn",
        timeZone: this.#zone ?? read(need("environment", "")).timezone,
      };
    }
  }
  class RelativeTimeFormat {
    constructor(tag, options) {
      this.format = (count, unit) => relative(count, unit, options?.style ?? "long", options?.numeric ?? "always", tag);
    }
  }
  class PluralRules {
    constructor(tag, options) {
      this.ordinal = options?.type === "ordinal";
    }
    select(count) {
      if (!this.ordinal) return count === 1 ? "one" : "other";
      const [ten, hundred] = [count % 10, count % 100];
      return ten === 1 && hundred !== 11
        ? "one"
        : ten === 2 && hundred !== 12
          ? "two"
          : ten === 3 && hundred !== 13
            ? "few"
            : "other";
    }
  }
  class ListFormat {
    constructor(tag, options) {
      this.word = options?.type === "disjunction" ? "or" : "and";
    }
    format(items) {
      const all = [...items];
      if (all.length < 2) return all.join("");
      return `${all.slice(0, -1).join(", ")}${all.length > 2 ? "," : ""} ${this.word} ${all[all.length - 1]}`;
    }
  }
  class Collator {
    constructor(tag, options) {
      this.compare = (a, b) => compare(a, b, options);
    }
  }
  const callable = (type) => new kit.ProxyOf(type, { apply: (_, __, args) => new type(...args) });
  const Intl = {
    DateTimeFormat: callable(DateTimeFormat),
    NumberFormat: callable(NumberFormat),
    Collator: callable(Collator),
    RelativeTimeFormat,
    PluralRules,
    ListFormat,
  };
  return {
    locale,
    zoneName,
    relative,
    formatDuration,
    formatDateTime,
    compare,
    Intl,
    processZone,
    dateIn,
    formatNumber: (value, tag, options) => {
      if (tag === null) throw new TypeError("A locale is a text");
      // What is neither text nor an object lists no locales, so the default holds (ECMA-402 CanonicalizeLocaleList).
      const known = typeof tag === "string" || typeof tag === "object" ? tag : undefined;
      checkTag(known);
      return formatNumber(value, known, options);
    },
    formatDate: (date, tag, options, kind) => formatDate(date, tag, options, DEFAULTS[kind]),
  };
});
