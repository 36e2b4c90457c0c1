// DateTimes and Durations as text: ISO 8601, SQL, and luxon's format tokens.
(function (kit) {
  "use strict";
  const { two } = kit.module("zone");
  const { unitName } = kit.module("duration");
  const pad = (number, width) =>
    number < 0 ? `-${`${-number}`.padStart(width, "0")}` : `${number}`.padStart(width, "0");

  // A format string as runs of the same letter and quoted literals.
  function tokens(format) {
    if (typeof format === "number" || typeof format === "boolean") return []; // luxon finds no letters in it
    if (typeof format !== "string") throw new TypeError("a format is a text");
    const parts = [];
    let run = "",
      quoted = false,
      literal = "";
    const flush = () => {
      if (run) parts.push({ text: run, literal: /^\s+$/.test(run) });
      run = "";
    };
    for (const character of format) {
      if (character === "'") {
        if (quoted) {
          parts.push({ text: literal === "" ? "'" : literal, literal: true });
          literal = "";
        } else {
          flush();
        }
        quoted = !quoted;
      } else if (quoted) {
        literal += character;
      } else if (character === run[0]) {
        run += character;
      } else {
        flush();
        run = character;
      }
    }
    flush();
    if (quoted && literal) parts.push({ text: literal, literal: true });
    return parts;
  }

  const MACROS = {
    D: "DATE_SHORT",
    DD: "DATE_MED",
    DDD: "DATE_FULL",
    DDDD: "DATE_HUGE",
    t: "TIME_SIMPLE",
    tt: "TIME_WITH_SECONDS",
    ttt: "TIME_WITH_SHORT_OFFSET",
    tttt: "TIME_WITH_LONG_OFFSET",
    T: "TIME_24_SIMPLE",
    TT: "TIME_24_WITH_SECONDS",
    TTT: "TIME_24_WITH_SHORT_OFFSET",
    TTTT: "TIME_24_WITH_LONG_OFFSET",
    f: "DATETIME_SHORT",
    ff: "DATETIME_MED",
    fff: "DATETIME_FULL",
    ffff: "DATETIME_HUGE",
    F: "DATETIME_SHORT_WITH_SECONDS",
    FF: "DATETIME_MED_WITH_SECONDS",
    FFF: "DATETIME_FULL_WITH_SECONDS",
    FFFF: "DATETIME_HUGE_WITH_SECONDS",
  };
  const hour12 = (hour) => (hour % 12 === 0 ? 12 : hour % 12);
  const NAMES = {
    MMM: ["months", "short"],
    MMMM: ["months", "long"],
    MMMMM: ["months", "narrow"],
    LLL: ["months", "short", "alone"],
    LLLL: ["months", "long"],
    LLLLL: ["months", "narrow"],
    EEE: ["weekdays", "short"],
    EEEE: ["weekdays", "long"],
    EEEEE: ["weekdays", "narrow"],
    ccc: ["weekdays", "short", "alone"],
    cccc: ["weekdays", "long"],
    ccccc: ["weekdays", "narrow"],
  };
  const VALUES = {
    S: (d) => d.millisecond,
    u: (d) => pad(d.millisecond, 3),
    SSS: (d) => pad(d.millisecond, 3),
    uu: (d) => pad(Math.floor(d.millisecond / 10), 2),
    uuu: (d) => Math.floor(d.millisecond / 100),
    s: (d) => d.second,
    ss: (d) => two(d.second),
    m: (d) => d.minute,
    mm: (d) => two(d.minute),
    h: (d) => hour12(d.hour),
    hh: (d) => two(hour12(d.hour)),
    H: (d) => d.hour,
    HH: (d) => two(d.hour),
    d: (d) => d.day,
    dd: (d) => two(d.day),
    c: (d) => d.weekday,
    E: (d) => d.weekday,
    L: (d) => d.month,
    LL: (d) => two(d.month),
    M: (d) => d.month,
    MM: (d) => two(d.month),
    y: (d) => d.year,
    yy: (d) => pad(d.year, 4).slice(-2),
    yyyy: (d) => pad(d.year, 4),
    yyyyyy: (d) => pad(d.year, 6),
    kk: (d) => pad(d.weekYear, 4).slice(-2),
    kkkk: (d) => pad(d.weekYear, 4),
    W: (d) => d.weekNumber,
    WW: (d) => two(d.weekNumber),
    n: (d) => d.weekNumber,
    nn: (d) => two(d.weekNumber),
    ii: (d) => pad(d.weekYear, 4).slice(-2),
    iiii: (d) => pad(d.weekYear, 4),
    o: (d) => d.ordinal,
    ooo: (d) => pad(d.ordinal, 3),
    q: (d) => d.quarter,
    qq: (d) => two(d.quarter),
    X: (d) => Math.floor(d.toMillis() / 1000),
    x: (d) => d.toMillis(),
    z: (d) => d.zoneName,
    G: (d) => (d.year > 0 ? "AD" : "BC"),
    GG: (d) => (d.year > 0 ? "Anno Domini" : "Before Christ"),
    GGGGG: (d) => (d.year > 0 ? "A" : "B"),
  };
  function offset(d, width, options) {
    if (width === 4) return d.offsetNameShort;
    if (width === 5) return d.offsetNameLong;
    if (d.offset === 0 && d.isOffsetFixed && options.allowZ) return "Z";
    return d.zone.formatOffset(d.toMillis(), ["narrow", "short", "techie"][width - 1]);
  }
  function value(d, token, options) {
    if (token in MACROS) return d.toLocaleString(d.constructor[MACROS[token]], options);
    if (/^Z{1,5}$/.test(token)) return offset(d, token.length, options);
    const locale = options.locale ?? d.locale;
    if (token in NAMES) {
      const [kind, width, form] = NAMES[token];
      const words = kit.module("intl").locale(locale);
      const names = words[form]?.[kind]?.[width] ?? words[kind][width];
      return names[kind === "months" ? d.month - 1 : d.weekday - 1];
    }
    if (token === "a") return kit.module("intl").locale(locale).meridiems[d.hour < 12 ? 0 : 1];
    return token in VALUES ? VALUES[token](d) : token;
  }
  const format = (d, text, options) =>
    tokens(text)
      .map((part) => (part.literal ? part.text : `${value(d, part.text, options)}`))
      .join("");

  const DURATION_TOKENS = {
    S: "milliseconds",
    s: "seconds",
    m: "minutes",
    h: "hours",
    d: "days",
    w: "weeks",
    M: "months",
    y: "years",
  };
  function formatDuration(duration, text, options) {
    const parts = tokens(text);
    const unit = (part) => (part.literal ? undefined : DURATION_TOKENS[part.text[0]]);
    const units = [...new Set(parts.map(unit).filter((name) => name !== undefined))];
    const shifted = units.length === 0 ? duration : duration.shiftTo(...units);
    return parts
      .map((part) => {
        const name = unit(part);
        if (name === undefined) return part.text;
        const number = shifted.get(name);
        return pad((options.floor ?? true) ? Math.trunc(number) : Math.round(number * 1000) / 1000, part.text.length);
      })
      .join("");
  }

  const PRECISIONS = ["years", "months", "days", "hours", "minutes", "seconds", "milliseconds"];
  // How many of these are written, from the year on.
  const precise = (unit) => PRECISIONS.indexOf(unitName(unit)) + 1;

  function isoDate(d, { format: style = "extended", precision = "day" } = {}) {
    const year = d.year > 9999 || d.year < 0 ? `${d.year < 0 ? "-" : "+"}${pad(Math.abs(d.year), 6)}` : pad(d.year, 4);
    const parts = [year, two(d.month), two(d.day)].slice(0, precise(precision));
    return parts.join(style === "basic" ? "" : "-");
  }
  function clock(
    d,
    {
      suppressMilliseconds = false,
      suppressSeconds = false,
      includeOffset = true,
      extendedZone = false,
      format: style = "extended",
      precision = "milliseconds",
    },
  ) {
    const parts = [two(d.hour), two(d.minute)];
    if (d.millisecond !== 0 || d.second !== 0 || !suppressSeconds) {
      parts.push(two(d.second));
      if (d.millisecond !== 0 || !suppressMilliseconds) parts.push(pad(d.millisecond, 3));
    }
    const [whole, fraction] = [parts.slice(0, 3), parts[3]];
    const places = Math.max(precise(precision) - 3, 0);
    let text = whole.slice(0, places).join(style === "basic" ? "" : ":");
    if (places === 4 && fraction !== undefined) text += `.${fraction}`;
    if (includeOffset) {
      if (d.isOffsetFixed && d.offset === 0 && !extendedZone) text += "Z";
      else text += d.zone.formatOffset(d.toMillis(), "short");
    }
    return extendedZone ? `${text}[${d.zone.ianaName}]` : text;
  }
  const iso = (d, options = {}) => {
    const hasClock = precise(options.precision ?? "milliseconds") > 3;
    return `${isoDate(d, { precision: "milliseconds", ...options })}${hasClock ? "T" : ""}${clock(d, options)}`;
  };
  const isoTime = (d, options = {}) => `${options.includePrefix ? "T" : ""}${clock(d, options)}`;
  function sqlTime(d, { includeOffset = true, includeZone = false, includeOffsetSpace = true } = {}) {
    const isUTC = d.isOffsetFixed && d.offset === 0;
    const offset = isUTC ? "Z" : d.zone.formatOffset(d.toMillis(), "short");
    const zone = includeZone ? d.zoneName : includeOffset ? offset : "";
    const time = `${two(d.hour)}:${two(d.minute)}:${two(d.second)}.${pad(d.millisecond, 3)}`;
    if (zone === "") return time;
    return `${time}${includeOffsetSpace ? " " : ""}${zone}`;
  }
  return { tokens, format, formatDuration, iso, isoDate, isoTime, sqlTime, MACROS };
});
