// DateTime, compatible with luxon 3: an instant seen in a zone.
(function (kit) {
  "use strict";
  const { kinds, NativeDate } = kit;
  const { normalize, utc } = kit.module("zone");
  const { Duration, unitName } = kit.module("duration");
  const MAX_TIME = 8.64e15;
  const MINUTE = 60000, DAY = 86400000;

  const daysInMonth = (year, month) => {
    const index = ((month - 1) % 12 + 12) % 12;
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
      year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(), hour: d.getUTCHours(),
      minute: d.getUTCMinutes(), second: d.getUTCSeconds(), millisecond: d.getUTCMilliseconds(),
    };
  }
  // The instant at which clocks of the zone show `local`; `guess` is tried first, which decides where they show it twice.
  function instant(local, guess, zone) {
    let time = local - guess * MINUTE;
    const second = zone.offset(time);
    if (second === guess) return [time, guess];
    time -= (second - guess) * MINUTE;
    const third = zone.offset(time);
    if (second === third) return [time, second];
    return [local - Math.min(second, third) * MINUTE, Math.max(second, third)];
  }
  const weekdayOf = (year, month, day) => ((new NativeDate(utcTime({ year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 })).getUTCDay() + 6) % 7) + 1;
  const ordinalOf = (c) => Math.round((utcTime({ ...c, hour: 0, minute: 0, second: 0, millisecond: 0 }) - utcTime({ year: c.year, month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 })) / DAY) + 1;
  const weeksInYear = (year) => {
    const first = weekdayOf(year, 1, 1);
    return first === 4 || (first === 3 && isLeap(year)) ? 53 : 52;
  };
  function weekOf(c) {
    const weekday = weekdayOf(c.year, c.month, c.day);
    const number = Math.floor((ordinalOf(c) - weekday + 10) / 7);
    if (number < 1) return { weekYear: c.year - 1, weekNumber: weeksInYear(c.year - 1), weekday };
    if (number > weeksInYear(c.year)) return { weekYear: c.year + 1, weekNumber: 1, weekday };
    return { weekYear: c.year, weekNumber: number, weekday };
  }
  function fromOrdinal(year, ordinal) {
    let month = 1, day = ordinal;
    while (day > daysInMonth(year, month)) { day -= daysInMonth(year, month); month += 1; }
    return { year, month, day };
  }
  function fromWeek(year, week, weekday) {
    const ordinal = week * 7 + weekday - weekdayOf(year, 1, 4) - 3;
    if (ordinal < 1) return fromOrdinal(year - 1, ordinal + (isLeap(year - 1) ? 366 : 365));
    const length = isLeap(year) ? 366 : 365;
    return ordinal > length ? fromOrdinal(year + 1, ordinal - length) : fromOrdinal(year, ordinal);
  }

  const FIELDS = { year: "year", years: "year", quarter: "quarter", quarters: "quarter", month: "month", months: "month", day: "day", days: "day",
    hour: "hour", hours: "hour", minute: "minute", minutes: "minute", second: "second", seconds: "second", millisecond: "millisecond", milliseconds: "millisecond",
    weekday: "weekday", weekdays: "weekday", weeknumber: "weekNumber", weeksnumber: "weekNumber", weeknumbers: "weekNumber", weekyear: "weekYear", weekyears: "weekYear", ordinal: "ordinal",
    week: "week", weeks: "week", localweekday: "localWeekday", localweeknumber: "localWeekNumber", localweekyear: "localWeekYear" };
  const field = (name) => {
    const known = FIELDS[`${name}`.toLowerCase()];
    if (known === undefined) throw new Error(`Invalid unit ${name}`);
    return known;
  };
  const SETTABLE = ["year", "month", "day", "hour", "minute", "second", "millisecond", "weekday", "weekNumber", "weekYear", "ordinal", "localWeekday", "localWeekNumber", "localWeekYear"];
  function given(values) {
    const result = {};
    for (const key of Object.keys(values)) {
      const value = values[key];
      if (value === undefined || value === null) continue;
      const name = field(key);
      if (!SETTABLE.includes(name)) throw new Error(`Invalid unit ${key}`);
      if (typeof value === "boolean" || value === "" || !Number.isFinite(+value)) throw new Error(`Invalid value ${value} for unit ${key}`);
      result[name.replace("localW", "w")] = +value;
    }
    return result;
  }
  const LIMITS = { month: () => [1, 12], hour: () => [0, 24], minute: () => [0, 59], second: () => [0, 59], millisecond: () => [0, 999],
    day: (c) => [1, daysInMonth(c.year, c.month)], ordinal: (c) => [1, isLeap(c.year) ? 366 : 365], weekNumber: (c) => [1, weeksInYear(c.weekYear)], weekday: () => [1, 7] };
  function outOfRange(c) {
    for (const [name, limits] of Object.entries(LIMITS)) {
      if (c[name] === undefined) continue;
      const [low, high] = limits(c);
      if (!Number.isInteger(c[name]) || c[name] < low || c[name] > high) return name;
    }
    if (c.hour === 24 && (c.minute || c.second || c.millisecond)) return "hour";
    return c.year !== undefined && !Number.isInteger(c.year) ? "year" : null;
  }
  const plain = (c) => ({ hour: 0, minute: 0, second: 0, millisecond: 0, ...c });
  const invalid = (zone, reason, explanation = null) => new DateTime({ time: NaN, zone, invalid: { reason, explanation } });
  const optionsOf = (options) => ({ zone: normalize(options?.zone), locale: options?.locale ?? "en-US" });

  function build(c, zone, locale) {
    if (!zone.isValid) return invalid(zone, "unsupported zone");
    const wrong = outOfRange(c);
    if (wrong !== null) return invalid(zone, "unit out of range", `you specified ${c[wrong]} (of type ${typeof c[wrong]}) as a ${wrong}, which is invalid`);
    const [time] = instant(utcTime(plain(c)), zone.offset(Date.now()), zone);
    return new DateTime({ time, zone, locale });
  }
  // Trailing argument that is an options object; the other arguments are year, month, day, ….
  function split(args) {
    const last = args[args.length - 1];
    return last !== null && typeof last === "object" ? [last, args.slice(0, -1)] : [{}, args];
  }
  function fromParts(args, zone, locale) {
    const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0] = args;
    return year === undefined ? new DateTime({ time: Date.now(), zone, locale }) : build({ year, month, day, hour, minute, second, millisecond }, zone, locale);
  }

  class DateTime {
    isLuxonDateTime = true;
    #time; #zone; #locale; #invalid; #offset; #c = null;
    constructor(config) {
      const zone = config.zone ?? normalize();
      this.#zone = zone;
      this.#time = config.time ?? Date.now();
      this.#locale = config.locale ?? "en-US";
      this.#invalid = config.invalid ?? (!zone.isValid ? { reason: "unsupported zone", explanation: `the zone "${zone.name}" is not supported` }
        : Number.isNaN(this.#time) || Math.abs(this.#time) > MAX_TIME ? { reason: "invalid input", explanation: null } : null);
      this.#offset = this.#invalid === null ? zone.offset(this.#time) : NaN;
    }
    #fields() { return this.#c ??= fields(this.#time + this.#offset * MINUTE); }
    #with(changes) { return new DateTime({ time: this.#time, zone: this.#zone, locale: this.#locale, invalid: this.#invalid, ...changes }); }
    #atLocal(c, time = 0) {
      const [at] = instant(utcTime(c), this.#offset, this.#zone);
      return this.#with({ time: at + time });
    }

    static now() { return new DateTime({ time: Date.now() }); }
    static local(...args) {
      const [options, parts] = split(args);
      const { zone, locale } = optionsOf(options);
      return fromParts(parts, zone, locale);
    }
    static utc(...args) {
      const [options, parts] = split(args);
      return fromParts(parts, utc, options.locale ?? "en-US");
    }
    static fromMillis(time, options) {
      if (typeof time !== "number") throw new Error(`fromMillis requires a numerical input, but received a ${typeof time} with value ${time}`);
      const { zone, locale } = optionsOf(options);
      return Math.abs(time) > MAX_TIME ? invalid(zone, "Timestamp out of range") : new DateTime({ time, zone, locale });
    }
    static fromSeconds(seconds, options) {
      if (typeof seconds !== "number") throw new Error("fromSeconds requires a numerical input");
      return DateTime.fromMillis(seconds * 1000, options);
    }
    static fromJSDate(date, options) {
      const time = date instanceof NativeDate ? date.valueOf() : NaN;
      const zone = normalize(options?.zone);
      return Number.isNaN(time) ? invalid(zone, "invalid input") : new DateTime({ time, zone, locale: options?.locale });
    }
    static fromObject(values = {}, options = {}) {
      const { zone, locale } = optionsOf(options);
      if (!zone.isValid) return invalid(zone, "unsupported zone");
      const own = given(values);
      const week = own.weekYear !== undefined || own.weekNumber !== undefined;
      const hasDay = own.month !== undefined || own.day !== undefined;
      if ((hasDay || own.ordinal !== undefined) && week) throw new Error("Can't mix weekYear/weekNumber units with year/month/day or ordinals");
      if (hasDay && own.ordinal !== undefined) throw new Error("Can't mix ordinal dates with month/day");
      const now = DateTime.fromMillis(Date.now(), { zone });
      const today = now.#fields();
      const useWeek = week || (own.weekday !== undefined && own.year === undefined && !hasDay);
      const names = useWeek ? ["weekYear", "weekNumber", "weekday"] : own.ordinal !== undefined ? ["year", "ordinal"] : ["year", "month", "day"];
      const current = { ...today, ...weekOf(today), ordinal: ordinalOf(today) };
      const least = { month: 1, day: 1, weekNumber: 1, weekday: 1, ordinal: 1 };
      let found = false;
      const c = {};
      // Units above the first that was given are today's, units below it the least there are.
      for (const name of [...names, "hour", "minute", "second", "millisecond"]) {
        if (own[name] !== undefined) { c[name] = own[name]; found = true; }
        else c[name] = found ? least[name] ?? 0 : current[name];
      }
      const wrong = outOfRange(c);
      if (wrong !== null) return invalid(zone, "unit out of range", `you specified ${c[wrong]} as a ${wrong}`);
      const date = useWeek ? fromWeek(c.weekYear, c.weekNumber, c.weekday) : own.ordinal !== undefined ? fromOrdinal(c.year, c.ordinal) : c;
      const result = build({ ...c, year: date.year, month: date.month, day: date.day, ordinal: undefined, weekNumber: undefined, weekday: undefined }, zone, locale);
      if (own.weekday !== undefined && !useWeek && result.weekday !== own.weekday) return invalid(zone, "mismatched weekday");
      return result;
    }
    static fromISO(text, options) { return kit.module("datetime-parse").parse(text, options, "iso"); }
    static fromRFC2822(text, options) { return kit.module("datetime-parse").parse(text, options, "rfc2822"); }
    static fromHTTP(text, options) { return kit.module("datetime-parse").parse(text, options, "http"); }
    static fromSQL(text, options) { return kit.module("datetime-parse").parse(text, options, "sql"); }
    static fromFormat(text, format, options) { return kit.module("datetime-parse").parseFormat(text, format, options); }
    static fromString(text, format, options) { return DateTime.fromFormat(text, format, options); }
    static fromFormatExplain(text, format, options) { return kit.module("datetime-parse").explain(text, format, options); }
    static invalid(reason, explanation = null) {
      if (!reason) throw new Error("need to specify a reason the DateTime is invalid");
      return invalid(normalize(), reason, explanation);
    }
    static isDateTime(value) { return value instanceof DateTime; }
    static min(...times) { return times.length === 0 ? undefined : times.reduce((a, b) => (b.valueOf() < a.valueOf() ? b : a)); }
    static max(...times) { return times.length === 0 ? undefined : times.reduce((a, b) => (b.valueOf() > a.valueOf() ? b : a)); }

    get isValid() { return this.#invalid === null; }
    get invalidReason() { return this.#invalid?.reason ?? null; }
    get invalidExplanation() { return this.#invalid?.explanation ?? null; }
    get locale() { return this.isValid ? this.#locale : null; }
    get numberingSystem() { return null; }
    get outputCalendar() { return null; }
    get zone() { return this.#zone; }
    get zoneName() { return this.isValid ? this.#zone.name : null; }
    get quarter() { return this.isValid ? Math.ceil(this.month / 3) : NaN; }
    get weekYear() { return this.isValid ? weekOf(this.#fields()).weekYear : NaN; }
    get weekNumber() { return this.isValid ? weekOf(this.#fields()).weekNumber : NaN; }
    get weekday() { return this.isValid ? weekOf(this.#fields()).weekday : NaN; }
    get isWeekend() { return this.isValid && this.weekday > 5; }
    get localWeekday() { return this.weekday; }
    get localWeekNumber() { return this.weekNumber; }
    get localWeekYear() { return this.weekYear; }
    get ordinal() { return this.isValid ? ordinalOf(this.#fields()) : NaN; }
    get monthShort() { return this.isValid ? this.toFormat("LLL") : null; }
    get monthLong() { return this.isValid ? this.toFormat("LLLL") : null; }
    get weekdayShort() { return this.isValid ? this.toFormat("ccc") : null; }
    get weekdayLong() { return this.isValid ? this.toFormat("cccc") : null; }
    get offset() { return this.isValid ? this.#offset : NaN; }
    get offsetNameShort() { return this.isValid ? this.#zone.offsetName(this.#time, { format: "short", locale: this.#locale }) : null; }
    get offsetNameLong() { return this.isValid ? this.#zone.offsetName(this.#time, { format: "long", locale: this.#locale }) : null; }
    get isOffsetFixed() { return this.isValid ? this.#zone.isUniversal : null; }
    get isInDST() {
      if (this.isOffsetFixed !== false) return false;
      return this.offset > this.set({ month: 1, day: 1 }).offset || this.offset > this.set({ month: 5 }).offset;
    }
    get isInLeapYear() { return isLeap(this.year); }
    get daysInMonth() { return daysInMonth(this.year, this.month); }
    get daysInYear() { return this.isValid ? (isLeap(this.year) ? 366 : 365) : NaN; }
    get weeksInWeekYear() { return this.isValid ? weeksInYear(this.weekYear) : NaN; }
    get weeksInLocalWeekYear() { return this.weeksInWeekYear; }
    get ts() { return this.#time; }
    get c() { return this.isValid ? { ...this.#fields() } : null; }
    get o() { return this.#offset; }

    get(unit) { return this[unit]; }
    valueOf() { return this.toMillis(); }
    toMillis() { return this.isValid ? this.#time : NaN; }
    toSeconds() { return this.isValid ? this.#time / 1000 : NaN; }
    toUnixInteger() { return this.isValid ? Math.floor(this.#time / 1000) : NaN; }
    toJSDate() { return new NativeDate(this.isValid ? this.#time : NaN); }
    toObject(options = {}) {
      if (!this.isValid) return {};
      return options.includeConfig ? { ...this.#fields(), outputCalendar: null, numberingSystem: null, locale: this.#locale } : { ...this.#fields() };
    }
    toUTC(offset = 0, options = {}) { return this.setZone(offset === 0 ? utc : normalize(offset), options); }
    toLocal() { return this.setZone(normalize()); }
    setZone(zone, { keepLocalTime = false, keepCalendarTime = false } = {}) {
      const wanted = normalize(zone);
      if (wanted.equals(this.#zone)) return this;
      if (!wanted.isValid) return invalid(wanted, "unsupported zone");
      if (!this.isValid) return this.#with({ zone: wanted });
      if (!keepLocalTime && !keepCalendarTime) return this.#with({ zone: wanted });
      const [time] = instant(utcTime(this.#fields()), wanted.offset(this.#time), wanted);
      return this.#with({ time, zone: wanted });
    }
    reconfigure({ locale } = {}) { return this.#with({ locale: locale ?? this.#locale }); }
    setLocale(locale) { return this.reconfigure({ locale }); }
    set(values) {
      if (!this.isValid) return this;
      const own = given(values);
      const week = own.weekYear !== undefined || own.weekNumber !== undefined || own.weekday !== undefined;
      const date = own.year !== undefined || own.month !== undefined || own.day !== undefined;
      if ((date && own.ordinal !== undefined) || ((own.month !== undefined || own.day !== undefined || own.year !== undefined || own.ordinal !== undefined) && (own.weekYear !== undefined || own.weekNumber !== undefined))) {
        throw new Error("Can't mix units of different calendars");
      }
      const now = this.#fields();
      let c = { ...now, ...own };
      if (week) {
        const mixed = { ...weekOf(now), ...own };
        c = { ...c, ...fromWeek(mixed.weekYear, mixed.weekNumber, mixed.weekday) };
      } else if (own.ordinal !== undefined) {
        c = { ...c, ...fromOrdinal(now.year, own.ordinal) };
      } else if (own.day === undefined) {
        c.day = Math.min(daysInMonth(c.year, c.month), c.day);
      }
      return this.#atLocal(c);
    }
    plus(duration) {
      if (!this.isValid) return this;
      const d = Duration.fromDurationLike(duration);
      const now = this.#fields();
      const year = now.year + Math.trunc(d.years), month = now.month + Math.trunc(d.months) + Math.trunc(d.quarters) * 3;
      const index = (((month - 1) % 12) + 12) % 12;
      const c = { ...now, year: year + (month - 1 - index) / 12, month: index + 1 };
      c.day = Math.min(now.day, daysInMonth(c.year, c.month)) + Math.trunc(d.days) + Math.trunc(d.weeks) * 7;
      const rest = Duration.fromObject({
        years: d.years % 1, quarters: d.quarters % 1, months: d.months % 1, weeks: d.weeks % 1, days: d.days % 1,
        hours: d.hours, minutes: d.minutes, seconds: d.seconds, milliseconds: d.milliseconds,
      }).as("milliseconds");
      if (!d.isValid) return invalid(this.#zone, "invalid duration");
      return this.#atLocal(c, rest);
    }
    minus(duration) { return this.isValid ? this.plus(Duration.fromDurationLike(duration).negate()) : this; }
    startOf(unit) {
      if (!this.isValid) return this;
      const name = unitName(unit).slice(0, -1);
      const c = this.#fields();
      const least = { month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
      if (name === "week") return this.#atLocal({ ...plain(c), hour: 0, minute: 0, second: 0, millisecond: 0, day: c.day - this.weekday + 1 });
      if (name === "quarter") return this.#atLocal({ ...c, ...least, month: (this.quarter - 1) * 3 + 1 });
      const order = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
      const set = { ...c };
      for (const lower of order.slice(order.indexOf(name) + 1)) set[lower] = least[lower];
      return this.#atLocal(set);
    }
    endOf(unit) { return this.isValid ? this.plus({ [unitName(unit)]: 1 }).startOf(unit).minus(1) : this; }
    diff(other, unit = "milliseconds", options = {}) {
      if (!this.isValid || !other.isValid) return Duration.invalid("created by diffing an invalid DateTime");
      const units = (Array.isArray(unit) ? unit : [unit]).map((name) => unitName(name));
      const flipped = other.valueOf() > this.valueOf();
      const result = kit.module("datetime-diff").difference(flipped ? other : this, flipped ? this : other, units, { locale: this.#locale, ...options });
      return flipped ? result.negate() : result;
    }
    diffNow(unit, options) { return this.diff(DateTime.now(), unit, options); }
    until(other) { return this.isValid ? kit.module("interval").Interval.fromDateTimes(this, other) : this; }
    hasSame(other, unit) {
      if (!this.isValid) return false;
      const time = other.valueOf();
      const adjusted = this.setZone(other.zone, { keepLocalTime: true });
      return adjusted.startOf(unit) <= time && time <= adjusted.endOf(unit);
    }
    equals(other) {
      return this.isValid && other?.isValid === true && this.#time === other.#time && this.#zone.equals(other.#zone) && this.#locale === other.#locale;
    }
    resolvedLocaleOptions() { return { locale: this.#locale, numberingSystem: "latn", outputCalendar: "gregory" }; }
    toRelative(options = {}) { return this.isValid ? kit.module("datetime-diff").relative(this, options) : null; }
    toRelativeCalendar(options = {}) { return this.isValid ? kit.module("datetime-diff").relativeCalendar(this, options) : null; }
    toFormat(format, options = {}) { return this.isValid ? kit.module("datetime-format").format(this, format, options) : "Invalid DateTime"; }
    toLocaleString(format, options = {}) {
      return this.isValid ? kit.module("intl").formatDateTime(this, format ?? DateTime.DATE_SHORT, options.locale ?? this.#locale) : "Invalid DateTime";
    }
    toLocaleParts(options = {}) { return this.isValid ? [{ type: "literal", value: this.toLocaleString(options) }] : []; }
    toISO(options) { return this.isValid ? kit.module("datetime-format").iso(this, options) : null; }
    toISODate(options) { return this.isValid ? kit.module("datetime-format").isoDate(this, options) : null; }
    toISOWeekDate() { return this.isValid ? this.toFormat("kkkk-'W'WW-c") : null; }
    toISOTime(options) { return this.isValid ? kit.module("datetime-format").isoTime(this, options) : null; }
    toRFC2822() { return this.isValid ? this.setLocale("en-US").toFormat("EEE, dd LLL yyyy HH:mm:ss ZZZ") : null; }
    toHTTP() { return this.isValid ? this.toUTC().setLocale("en-US").toFormat("EEE, dd LLL yyyy HH:mm:ss 'GMT'") : null; }
    toSQLDate() { return this.isValid ? this.toISODate() : null; }
    toSQLTime(options) { return this.isValid ? kit.module("datetime-format").sqlTime(this, options) : null; }
    toSQL(options) { return this.isValid ? `${this.toSQLDate()} ${this.toSQLTime(options)}` : null; }
    toJSON() { return this.toISO(); }
    toBSON() { return this.toJSDate(); }
    toString() { return this.isValid ? this.toISO() : "Invalid DateTime"; }
  }
  for (const unit of ["year", "month", "day", "hour", "minute", "second", "millisecond"]) {
    Object.defineProperty(DateTime.prototype, unit, { get() { return this.isValid ? this.c[unit] : NaN; }, configurable: true });
  }

  const n = "numeric", s = "short", l = "long";
  const date = { year: n, month: n, day: n }, time = { hour: n, minute: n };
  const PRESETS = {
    DATE_SHORT: date, DATE_MED: { ...date, month: s }, DATE_MED_WITH_WEEKDAY: { ...date, month: s, weekday: s }, DATE_FULL: { ...date, month: l },
    DATE_HUGE: { ...date, month: l, weekday: l }, TIME_SIMPLE: time, TIME_WITH_SECONDS: { ...time, second: n },
    TIME_WITH_SHORT_OFFSET: { ...time, second: n, timeZoneName: s }, TIME_WITH_LONG_OFFSET: { ...time, second: n, timeZoneName: l },
    TIME_24_SIMPLE: { ...time, hourCycle: "h23" }, TIME_24_WITH_SECONDS: { ...time, second: n, hourCycle: "h23" },
    TIME_24_WITH_SHORT_OFFSET: { ...time, second: n, hourCycle: "h23", timeZoneName: s }, TIME_24_WITH_LONG_OFFSET: { ...time, second: n, hourCycle: "h23", timeZoneName: l },
    DATETIME_SHORT: { ...date, ...time }, DATETIME_SHORT_WITH_SECONDS: { ...date, ...time, second: n }, DATETIME_MED: { ...date, month: s, ...time },
    DATETIME_MED_WITH_SECONDS: { ...date, month: s, ...time, second: n }, DATETIME_MED_WITH_WEEKDAY: { ...date, month: s, weekday: s, ...time },
    DATETIME_FULL: { ...date, month: l, ...time, timeZoneName: s }, DATETIME_FULL_WITH_SECONDS: { ...date, month: l, ...time, second: n, timeZoneName: s },
    DATETIME_HUGE: { ...date, month: l, weekday: l, ...time, timeZoneName: l }, DATETIME_HUGE_WITH_SECONDS: { ...date, month: l, weekday: l, ...time, second: n, timeZoneName: l },
  };
  for (const name of Object.keys(PRESETS)) Object.defineProperty(DateTime, name, { value: PRESETS[name] });
  kinds.push([(value) => value instanceof DateTime, "datetime", (value) => {
    if (!value.isValid) return null;
    return [value.toMillis(), value.zone.type === "iana" || value.zoneName === "UTC" ? value.zoneName : null, value.offset];
  }]);
  return { DateTime, build, fromOrdinal, fromWeek, weeksInYear, invalid, optionsOf, daysInMonth, utcTime };
})
