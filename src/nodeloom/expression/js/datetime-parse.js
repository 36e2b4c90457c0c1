// Text as DateTimes: ISO 8601, RFC 2822, HTTP and SQL dates, and luxon's format tokens.
(function (kit) {
  "use strict";
  const { DateTime, build, fromOrdinal, fromWeek, weeksInYear, invalid } = kit.module("datetime");
  const { normalize, utc, FixedOffsetZone } = kit.module("zone");

  const OFFSET = "(?:(Z)|([+-]\\d\\d)(?::?(\\d\\d))?)";
  const TIME = "(\\d\\d)(?::?(\\d\\d)(?::?(\\d\\d)(?:[.,](\\d{1,30}))?)?)?";
  const ZONE = "(?:\\[([A-Za-z_+-]{1,256}(?:/[A-Za-z0-9_+-]{1,256}(?:/[A-Za-z0-9_+-]{1,256})?)?)\\])?";
  const TAIL = `(?:T${TIME}(?:${OFFSET})?${ZONE})?`;
  const YMD = new RegExp(`^([+-]\\d{6}|\\d{4})(?:-?(\\d\\d)(?:-?(\\d\\d))?)?${TAIL}$`);
  const WEEK = new RegExp(`^(\\d{4})-?W(\\d\\d)(?:-?(\\d))?${TAIL}$`);
  const ORDINAL = new RegExp(`^(\\d{4})-?(\\d{3})${TAIL}$`);
  const CLOCK = new RegExp(`^${TIME}(?:${OFFSET})?${ZONE}$`);
  const SQL = new RegExp(
    `^(\\d{4})-(\\d\\d)-(\\d\\d)(?: ${TIME}(?: ?(?:${OFFSET}|([A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2}))?)?)?$`,
  );
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const RFC2822 =
    /^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s)?(\d{1,2})\s(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s(\d{2,4})\s(\d\d):(\d\d)(?::(\d\d))?\s(?:(UT|GMT|[ECMP][SD]T)|([Zz])|(?:([+-]\d\d)(\d\d)))$/;
  const HTTP = [
    [
      /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/,
      [3, 2, 1, 4, 5, 6],
    ],
    [
      /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/,
      [3, 2, 1, 4, 5, 6],
    ],
    [
      /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ( \d|\d\d) (\d\d):(\d\d):(\d\d) (\d{4})$/,
      [6, 1, 2, 3, 4, 5],
    ],
  ];
  const NAMED_OFFSETS = {
    UT: 0,
    GMT: 0,
    EDT: -240,
    EST: -300,
    CDT: -300,
    CST: -360,
    MDT: -360,
    MST: -420,
    PDT: -420,
    PST: -480,
  };
  const century = (year) => (`${year}`.length <= 2 ? (+year > 60 ? 1900 : 2000) + +year : +year);
  const milliseconds = (fraction) => (fraction === undefined ? 0 : Math.floor(+`0.${fraction}` * 1000));
  const minutes = (hours, rest) =>
    hours === undefined ? null : +hours * 60 + (hours[0] === "-" ? -1 : 1) * +(rest ?? 0);

  const clock = ([hour, minute, second, fraction]) => ({
    hour: +(hour ?? 0),
    minute: +(minute ?? 0),
    second: +(second ?? 0),
    millisecond: milliseconds(fraction),
  });
  const offsetOf = ([zulu, hours, rest]) => (zulu ? 0 : minutes(hours, rest));
  // Each reader gives calendar fields, an offset in minutes or null, and a zone's name or undefined.
  function readISO(text) {
    let found = text.match(YMD);
    if (found) {
      return {
        c: { year: +found[1], month: +(found[2] ?? 1), day: +(found[3] ?? 1), ...clock(found.slice(4)) },
        offset: offsetOf(found.slice(8)),
        zone: found[11],
      };
    }
    if ((found = text.match(WEEK))) {
      const [week, weekday] = [+found[2], +(found[3] ?? 1)];
      const wrong = week < 1 || week > weeksInYear(+found[1]) || weekday < 1 || weekday > 7;
      return {
        c: {
          ...(wrong ? { year: +found[1], month: 99, day: 1 } : fromWeek(+found[1], week, weekday)),
          ...clock(found.slice(4)),
        },
        offset: offsetOf(found.slice(8)),
        zone: found[11],
      };
    }
    if ((found = text.match(ORDINAL))) {
      const ordinal = +found[2];
      const date =
        ordinal < 1 || ordinal > 366 ? { year: +found[1], month: 99, day: 1 } : fromOrdinal(+found[1], ordinal);
      return { c: { ...date, ...clock(found.slice(3)) }, offset: offsetOf(found.slice(7)), zone: found[10] };
    }
    if ((found = text.match(CLOCK)))
      return { c: clock(found.slice(1)), offset: offsetOf(found.slice(5)), zone: found[8], today: true };
    return null;
  }
  function readSQL(text) {
    const found = text.match(SQL);
    if (found)
      return {
        c: { year: +found[1], month: +found[2], day: +found[3], ...clock(found.slice(4)) },
        offset: offsetOf(found.slice(8)),
        zone: found[11],
      };
    const time = text.match(CLOCK);
    return time ? { c: clock(time.slice(1)), offset: offsetOf(time.slice(5)), zone: time[8], today: true } : null;
  }
  function readRFC2822(text) {
    const found = text
      .replace(/\([^()]*\)|[\n\t]/g, " ")
      .replace(/(\s\s+)/g, " ")
      .trim()
      .match(RFC2822);
    if (!found) return null;
    const [, , day, month, year, hour, minute, second, named, zulu, hours, rest] = found;
    const offset = named ? NAMED_OFFSETS[named] : zulu ? 0 : minutes(hours, rest);
    return {
      c: { year: century(year), month: MONTHS.indexOf(month) + 1, day: +day, ...clock([hour, minute, second]) },
      offset,
    };
  }
  function readHTTP(text) {
    for (const [pattern, [year, month, day, hour, minute, second]] of HTTP) {
      const f = text.match(pattern);
      if (f)
        return {
          c: {
            year: century(f[year]),
            month: MONTHS.indexOf(f[month]) + 1,
            day: +f[day],
            hour: +f[hour],
            minute: +f[minute],
            second: +f[second],
            millisecond: 0,
          },
          offset: 0,
        };
    }
    return null;
  }
  const READERS = { iso: readISO, sql: readSQL, rfc2822: readRFC2822, http: readHTTP };

  // The zone a text is in, and the one its DateTime is to be shown in.
  function finish(found, text, options, what) {
    const { zone, setZone, locale } = options ?? {};
    const shown = normalize(zone);
    if (found === null) return invalid(shown, "unparsable", `the input "${text}" can't be parsed as ${what}`);
    const written =
      found.zone !== undefined
        ? normalize(found.zone)
        : found.offset !== null
          ? found.offset === 0
            ? utc
            : new FixedOffsetZone(found.offset)
          : shown;
    const today = found.today ? DateTime.fromMillis(Date.now(), { zone: written }).c : {};
    const c = found.today ? { year: today.year, month: today.month, day: today.day, ...found.c } : found.c;
    const result = build(c, written, locale);
    return setZone || !result.isValid ? result : result.setZone(shown);
  }
  const NAMES = { iso: "ISO 8601", sql: "SQL", rfc2822: "RFC 2822", http: "HTTP" };
  function parse(text, options, kind) {
    return finish(text === undefined || text === null ? null : READERS[kind](`${text}`), text, options, NAMES[kind]);
  }

  // Format tokens: the pattern each stands for and the field it fills.
  const number = (pattern, fill) => ({ pattern, fill });
  const TOKENS = {
    y: number("\\d{1,6}", "year"),
    yy: number("\\d{2,4}", "shortYear"),
    yyyy: number("\\d{4}", "year"),
    yyyyy: number("\\d{4,6}", "year"),
    yyyyyy: number("\\d{6}", "year"),
    M: number("\\d\\d?", "month"),
    MM: number("\\d\\d", "month"),
    L: number("\\d\\d?", "month"),
    LL: number("\\d\\d", "month"),
    d: number("\\d\\d?", "day"),
    dd: number("\\d\\d", "day"),
    o: number("\\d{1,3}", "ordinal"),
    ooo: number("\\d{3}", "ordinal"),
    H: number("\\d\\d?", "hour"),
    HH: number("\\d\\d", "hour"),
    h: number("\\d\\d?", "hour12"),
    hh: number("\\d\\d", "hour12"),
    m: number("\\d\\d?", "minute"),
    mm: number("\\d\\d", "minute"),
    s: number("\\d\\d?", "second"),
    ss: number("\\d\\d", "second"),
    S: number("\\d{1,3}", "millisecond"),
    SSS: number("\\d{3}", "millisecond"),
    u: number("\\d{1,9}", "fraction"),
    uu: number("\\d\\d?", "fraction"),
    uuu: number("\\d", "fraction"),
    q: number("\\d", "quarter"),
    qq: number("\\d\\d?", "quarter"),
    kkkk: number("\\d{4}", "weekYear"),
    kk: number("\\d{2,4}", "shortWeekYear"),
    W: number("\\d\\d?", "weekNumber"),
    WW: number("\\d\\d", "weekNumber"),
    E: number("\\d", "weekday"),
    c: number("\\d", "weekday"),
    Z: number("[+-]\\d{1,2}(?::?\\d\\d)?", "offset"),
    ZZ: number("[+-]\\d{1,2}(?::?\\d\\d)?", "offset"),
    ZZZ: number("[+-]\\d{2}:?\\d\\d", "offset"),
    z: number("[a-z_+-/]{1,256}?", "zone"),
  };
  const LISTS = {
    MMM: ["months", "short", "month"],
    MMMM: ["months", "long", "month"],
    LLL: ["months", "short", "month"],
    LLLL: ["months", "long", "month"],
    EEE: ["weekdays", "short", "weekday"],
    EEEE: ["weekdays", "long", "weekday"],
    ccc: ["weekdays", "short", "weekday"],
    cccc: ["weekdays", "long", "weekday"],
    a: ["meridiems", null, "meridiem"],
    G: [null, null, "era"],
  };
  const MACRO_FORMATS = {
    D: "M/d/yyyy",
    DD: "LLL d, yyyy",
    DDD: "LLLL d, yyyy",
    DDDD: "EEEE, LLLL d, yyyy",
    t: "h:mm a",
    tt: "h:mm:ss a",
    T: "HH:mm",
    TT: "HH:mm:ss",
    f: "M/d/yyyy, h:mm a",
    ff: "LLL d, yyyy, h:mm a",
    F: "M/d/yyyy, h:mm:ss a",
    FF: "LLL d, yyyy, h:mm:ss a",
  };
  const quote = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  function compile(format, locale) {
    const names = kit.module("intl").locale(locale);
    const { tokens } = kit.module("datetime-format");
    const parts = tokens(format).flatMap((part) =>
      !part.literal && part.text in MACRO_FORMATS ? tokens(MACRO_FORMATS[part.text]) : [part],
    );
    const fills = [];
    const pattern = parts
      .map((part) => {
        if (part.literal)
          return part.text
            .split(/(\s+)/)
            .map((piece) => (/^\s+$/.test(piece) ? "\\s+" : quote(piece)))
            .join("");
        if (part.text in TOKENS) {
          fills.push([TOKENS[part.text].fill, null]);
          return `(${TOKENS[part.text].pattern})`;
        }
        if (part.text in LISTS) {
          const [kind, width, fill] = LISTS[part.text];
          const list = fill === "era" ? ["BC", "AD"] : width === null ? names[kind] : names[kind][width];
          fills.push([fill, list]);
          return `(${list.map((name) => quote(name)).join("|")})`;
        }
        return quote(part.text);
      })
      .join("");
    return { regex: new RegExp(`^${pattern}$`, "i"), fills };
  }
  function collect(found, fills) {
    const values = {};
    fills.forEach(([fill, list], i) => {
      const text = found[i + 1];
      values[fill] =
        list === null
          ? text
          : list.findIndex((name) => name.toLowerCase() === text.toLowerCase()) +
            (fill === "month" || fill === "weekday" ? 1 : 0);
    });
    return values;
  }
  function fieldsOf(values) {
    const c = {};
    for (const name of [
      "year",
      "month",
      "day",
      "ordinal",
      "hour",
      "minute",
      "second",
      "weekYear",
      "weekNumber",
      "weekday",
    ])
      if (values[name] !== undefined) c[name] = +values[name];
    if (values.shortYear !== undefined) c.year = century(values.shortYear);
    if (values.shortWeekYear !== undefined) c.weekYear = century(values.shortWeekYear);
    if (values.quarter !== undefined) c.month = (+values.quarter - 1) * 3 + 1;
    if (values.hour12 !== undefined) {
      const hour = +values.hour12;
      c.hour = values.meridiem === undefined ? hour : (hour % 12) + (values.meridiem === 1 ? 12 : 0);
    }
    if (values.era === 0 && c.year !== undefined) c.year = -c.year;
    if (values.millisecond !== undefined) c.millisecond = +values.millisecond;
    if (values.fraction !== undefined) c.millisecond = milliseconds(values.fraction);
    return c;
  }
  function parseFormat(text, format, options = {}) {
    if (text === undefined || format === undefined) throw new Error("fromFormat requires an input string and a format");
    const { zone, setZone, locale = "en-US" } = options ?? {};
    const shown = normalize(zone);
    const { regex, fills } = compile(`${format}`, locale);
    const found = `${text}`.match(regex);
    if (found === null) return invalid(shown, "unparsable", `the input "${text}" can't be parsed as format ${format}`);
    const values = collect(found, fills);
    let written = shown;
    if (values.zone !== undefined) written = normalize(values.zone);
    else if (values.offset !== undefined) {
      const [, hours, rest] = values.offset.match(/^([+-]\d{1,2}):?(\d\d)?$/);
      written = new FixedOffsetZone(minutes(hours, rest));
    }
    const result = DateTime.fromObject(fieldsOf(values), { zone: written, locale });
    return setZone || !result.isValid ? result : result.setZone(shown);
  }
  function explain(text, format, options = {}) {
    const { regex, fills } = compile(`${format}`, options?.locale ?? "en-US");
    const found = `${text}`.match(regex);
    return {
      input: text,
      tokens: [],
      regex,
      rawMatches: found,
      matches: found === null ? {} : collect(found, fills),
      result: found === null ? null : fieldsOf(collect(found, fills)),
    };
  }
  return { parse, parseFormat, explain };
});
