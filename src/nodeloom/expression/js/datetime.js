// DateTime, compatible with luxon 3: an instant seen in a zone.
(function (kit) {
  "use strict";
  const { kinds, tags, NativeDate } = kit;
  const { normalize, utc } = kit.module("zone");
  const { Duration, unitName } = kit.module("duration");
  const {
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
  } = kit.module("calendar");
  const { PRESETS } = kit.module("datetime-presets");
  const MAX_TIME = 8.64e15;

  const invalid = (zone, reason, explanation = null) =>
    new DateTime({ time: NaN, zone, invalid: { reason, explanation } });
  const optionsOf = (options) => ({ zone: normalize(options?.zone), locale: options?.locale ?? "en-US" });

  function build(c, zone, locale) {
    if (!zone.isValid) return invalid(zone, "unsupported zone");
    const wrong = outOfRange(c);
    if (wrong !== null)
      return invalid(
        zone,
        "unit out of range",
        `you specified ${c[wrong]} (of type ${typeof c[wrong]}) as a ${wrong}, which is invalid`,
      );
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
    return year === undefined
      ? new DateTime({ time: Date.now(), zone, locale })
      : build({ year, month, day, hour, minute, second, millisecond }, zone, locale);
  }

  function best(name, times, isBetter) {
    if (!times.every(DateTime.isDateTime)) throw new TypeError(`${name} requires all arguments be DateTimes`);
    return times.length === 0 ? undefined : times.reduce((a, b) => (isBetter(a, b) ? b : a));
  }
  const weekStart = (locale) => kit.module("locales").weekStart(locale);

  class DateTime {
    isLuxonDateTime = true;
    #time;
    #zone;
    #locale;
    #invalid;
    #offset;
    #c = null;
    constructor(config) {
      const zone = config.zone ?? normalize();
      this.#zone = zone;
      this.#time = config.time ?? Date.now();
      this.#locale = config.locale ?? "en-US";
      this.#invalid =
        config.invalid ??
        (!zone.isValid
          ? { reason: "unsupported zone", explanation: `the zone "${zone.name}" is not supported` }
          : Number.isNaN(this.#time) || Math.abs(this.#time) > MAX_TIME
            ? { reason: "invalid input", explanation: null }
            : null);
      this.#offset = this.#invalid === null ? zone.offset(this.#time) : NaN;
    }
    #fields() {
      return (this.#c ??= fields(this.#time + this.#offset * MINUTE));
    }
    #with(changes) {
      return new DateTime({
        time: this.#time,
        zone: this.#zone,
        locale: this.#locale,
        invalid: this.#invalid,
        ...changes,
      });
    }
    #atLocal(c, time = 0) {
      const [at] = instant(utcTime(c), this.#offset, this.#zone);
      return this.#with({ time: at + time });
    }

    static now() {
      return new DateTime({ time: Date.now() });
    }
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
      if (typeof time !== "number")
        throw new Error(`fromMillis requires a numerical input, but received a ${typeof time} with value ${time}`);
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
      return Number.isNaN(time)
        ? invalid(zone, "invalid input")
        : new DateTime({ time, zone, locale: options?.locale });
    }
    static fromObject(values = {}, options = {}) {
      const { zone, locale } = optionsOf(options);
      if (!zone.isValid) return invalid(zone, "unsupported zone");
      const own = given(values);
      const { c, wrong } = completed(own, DateTime.fromMillis(Date.now(), { zone }).#fields());
      if (wrong !== undefined) return invalid(zone, "unit out of range", `a ${wrong} cannot be ${own[wrong]}`);
      const result = build(c, zone, locale);
      return own.weekday !== undefined && result.isValid && result.weekday !== own.weekday
        ? invalid(zone, "mismatched weekday")
        : result;
    }
    static invalid(reason, explanation = null) {
      if (!reason) throw new Error("need to specify a reason the DateTime is invalid");
      return invalid(normalize(), reason, explanation);
    }
    static isDateTime(value) {
      return value instanceof DateTime;
    }
    static min(...times) {
      return best("min", times, (a, b) => b < a);
    }
    static max(...times) {
      return best("max", times, (a, b) => b > a);
    }

    get isValid() {
      return this.#invalid === null;
    }
    get invalidReason() {
      return this.#invalid?.reason ?? null;
    }
    get invalidExplanation() {
      return this.#invalid?.explanation ?? null;
    }
    get locale() {
      return this.isValid ? this.#locale : null;
    }
    get numberingSystem() {
      return null;
    }
    get outputCalendar() {
      return null;
    }
    get zone() {
      return this.#zone;
    }
    get zoneName() {
      return this.isValid ? this.#zone.name : null;
    }
    get quarter() {
      return this.isValid ? Math.ceil(this.month / 3) : NaN;
    }
    get weekYear() {
      return this.isValid ? weekOf(this.#fields()).weekYear : NaN;
    }
    get weekNumber() {
      return this.isValid ? weekOf(this.#fields()).weekNumber : NaN;
    }
    get weekday() {
      return this.isValid ? weekOf(this.#fields()).weekday : NaN;
    }
    get isWeekend() {
      return this.isValid && this.weekday > 5;
    }
    #localWeek(part) {
      return this.isValid ? weekOf(this.#fields(), weekStart(this.#locale))[part] : NaN;
    }
    get localWeekday() {
      return this.#localWeek("weekday");
    }
    get localWeekNumber() {
      return this.#localWeek("weekNumber");
    }
    get localWeekYear() {
      return this.#localWeek("weekYear");
    }
    get ordinal() {
      return this.isValid ? ordinalOf(this.#fields()) : NaN;
    }
    get offset() {
      return this.isValid ? this.#offset : NaN;
    }
    get isOffsetFixed() {
      return this.isValid ? this.#zone.isUniversal : null;
    }
    get isInDST() {
      if (this.isOffsetFixed !== false) return false;
      return this.offset > this.set({ month: 1, day: 1 }).offset || this.offset > this.set({ month: 5 }).offset;
    }
    get isInLeapYear() {
      return isLeap(this.year);
    }
    get daysInMonth() {
      return daysInMonth(this.year, this.month);
    }
    get daysInYear() {
      return this.isValid ? (isLeap(this.year) ? 366 : 365) : NaN;
    }
    get weeksInWeekYear() {
      return this.isValid ? weeksInYear(this.weekYear) : NaN;
    }
    get weeksInLocalWeekYear() {
      return this.isValid ? weeksInYear(this.localWeekYear, weekStart(this.#locale)) : NaN;
    }
    get ts() {
      return this.#time;
    }
    get c() {
      return this.isValid ? { ...this.#fields() } : null;
    }
    get o() {
      return this.#offset;
    }

    get(unit) {
      return this[unit];
    }
    valueOf() {
      return this.toMillis();
    }
    toMillis() {
      return this.isValid ? this.#time : NaN;
    }
    toSeconds() {
      return this.isValid ? this.#time / 1000 : NaN;
    }
    toUnixInteger() {
      return this.isValid ? Math.floor(this.#time / 1000) : NaN;
    }
    toJSDate() {
      return new NativeDate(this.isValid ? this.#time : NaN);
    }
    toObject(options = {}) {
      if (!this.isValid) return {};
      return options.includeConfig
        ? { ...this.#fields(), outputCalendar: null, numberingSystem: null, locale: this.#locale }
        : { ...this.#fields() };
    }
    // Both instants of a local time that comes twice, else this one alone.
    getPossibleOffsets() {
      if (!this.isValid || this.isOffsetFixed) return [this];
      const local = this.#time + this.#offset * MINUTE;
      const times = [-DAY, DAY].map((aside) => {
        const guess = this.#zone.offset(local + aside);
        return local - this.#zone.offset(local - guess * MINUTE) * MINUTE;
      });
      const same = times.every((time) => time + this.#zone.offset(time) * MINUTE === local);
      return times[0] === times[1] || !same ? [this] : times.map((time) => this.#with({ time }));
    }
    toUTC(offset = 0, options = {}) {
      return this.setZone(offset === 0 ? utc : normalize(offset), options);
    }
    toLocal() {
      return this.setZone(normalize());
    }
    setZone(zone, { keepLocalTime = false, keepCalendarTime = false } = {}) {
      const wanted = normalize(zone);
      if (wanted.equals(this.#zone)) return this;
      if (!wanted.isValid) return invalid(wanted, "unsupported zone");
      if (!this.isValid) return this.#with({ zone: wanted });
      if (!keepLocalTime && !keepCalendarTime) return this.#with({ zone: wanted });
      const [time] = instant(utcTime(this.#fields()), wanted.offset(this.#time), wanted);
      return this.#with({ time, zone: wanted });
    }
    reconfigure({ locale } = {}) {
      return this.#with({ locale: locale ?? this.#locale });
    }
    setLocale(locale) {
      return this.reconfigure({ locale });
    }
    set(values) {
      if (!this.isValid) return this;
      return this.#atLocal(changed(given(values ?? {}), this.#fields()));
    }
    plus(duration) {
      if (!this.isValid) return this;
      const d = Duration.fromDurationLike(duration);
      const now = this.#fields();
      const year = now.year + Math.trunc(d.years),
        month = now.month + Math.trunc(d.months) + Math.trunc(d.quarters) * 3;
      const index = (((month - 1) % 12) + 12) % 12;
      const c = { ...now, year: year + (month - 1 - index) / 12, month: index + 1 };
      c.day = Math.min(now.day, daysInMonth(c.year, c.month)) + Math.trunc(d.days) + Math.trunc(d.weeks) * 7;
      const rest = Duration.fromObject({
        years: d.years % 1,
        quarters: d.quarters % 1,
        months: d.months % 1,
        weeks: d.weeks % 1,
        days: d.days % 1,
        hours: d.hours,
        minutes: d.minutes,
        seconds: d.seconds,
        milliseconds: d.milliseconds,
      }).as("milliseconds");
      if (!d.isValid) return invalid(this.#zone, "invalid duration");
      return this.#atLocal(c, rest);
    }
    minus(duration) {
      return this.isValid ? this.plus(Duration.fromDurationLike(duration).negate()) : this;
    }
    startOf(unit, options = {}) {
      if (!this.isValid) return this;
      const name = unitName(unit).slice(0, -1);
      const c = this.#fields();
      const least = { month: 1, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
      if (name === "week")
        return this.#atLocal({
          ...plain(c),
          hour: 0,
          minute: 0,
          second: 0,
          millisecond: 0,
          day: c.day - (options.useLocaleWeeks ? this.localWeekday : this.weekday) + 1,
        });
      if (name === "quarter") return this.#atLocal({ ...c, ...least, month: (this.quarter - 1) * 3 + 1 });
      const order = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
      const set = { ...c };
      for (const lower of order.slice(order.indexOf(name) + 1)) set[lower] = least[lower];
      return this.#atLocal(set);
    }
    endOf(unit, options) {
      return this.isValid
        ? this.plus({ [unitName(unit)]: 1 })
            .startOf(unit, options)
            .minus(1)
        : this;
    }
    diff(other, unit = "milliseconds", options = {}) {
      if (!this.isValid || !other.isValid) return Duration.invalid("created by diffing an invalid DateTime");
      const units = (Array.isArray(unit) ? unit : [unit]).map((name) => unitName(name));
      const flipped = other.valueOf() > this.valueOf();
      const result = kit
        .module("datetime-diff")
        .difference(flipped ? other : this, flipped ? this : other, units, { locale: this.#locale, ...options });
      return flipped ? result.negate() : result;
    }
    diffNow(unit, options) {
      return this.diff(DateTime.now(), unit, options);
    }
    until(other) {
      return this.isValid ? kit.module("interval").Interval.fromDateTimes(this, other) : this;
    }
    hasSame(other, unit, options) {
      if (!this.isValid) return false;
      const time = other.valueOf();
      const adjusted = this.setZone(other.zone, { keepLocalTime: true });
      return adjusted.startOf(unit, options) <= time && time <= adjusted.endOf(unit, options);
    }
    equals(other) {
      return (
        this.isValid &&
        other.isValid &&
        this.#time === other.#time &&
        this.#zone.equals(other.#zone) &&
        this.#locale === other.#locale
      );
    }
  }
  kit.module("datetime-text").mixInto(DateTime);
  for (const unit of ["year", "month", "day", "hour", "minute", "second", "millisecond"]) {
    kit.defineProperty(DateTime.prototype, unit, {
      get() {
        return this.isValid ? this.c[unit] : NaN;
      },
      configurable: true,
    });
  }

  for (const name of Object.keys(PRESETS)) kit.defineProperty(DateTime, name, { value: PRESETS[name] });
  kinds.push([
    (value) => value instanceof DateTime,
    tags.DATETIME,
    (value) => {
      if (!value.isValid) return null;
      return [
        value.toMillis(),
        value.zone.type === "iana" || value.zoneName === "UTC" ? value.zoneName : null,
        value.offset,
      ];
    },
  ]);
  return { DateTime, build, fromOrdinal, fromWeek, weeksInYear, invalid, optionsOf, daysInMonth, utcTime };
});
