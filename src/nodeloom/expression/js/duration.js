// Duration, compatible with luxon 3: lengths of time in calendar units.
(function (kit) {
  "use strict";
  const { kinds, tags } = kit;
  const UNITS = ["years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds"];
  const SINGULAR = Object.fromEntries(
    UNITS.flatMap((unit) => [
      [unit, unit],
      [unit.slice(0, -1), unit],
    ]),
  );
  // How many of a smaller unit a larger one is taken for.
  const shared = {
    weeks: { days: 7 },
    days: { hours: 24 },
    hours: { minutes: 60 },
    minutes: { seconds: 60 },
    seconds: { milliseconds: 1000 },
  };
  const casual = {
    years: { months: 12, days: 365 },
    quarters: { months: 3, days: 91 },
    months: { days: 30 },
    ...shared,
  };
  const year = 146097 / 400;
  const longterm = {
    years: { months: 12, days: year },
    quarters: { months: 3, days: year / 4 },
    months: { days: year / 12 },
    ...shared,
  };
  const FACTORS = { casual: factors(casual), longterm: factors(longterm) };

  // Milliseconds of each unit, and units per unit where the calendar fixes them.
  function factors(table) {
    const milliseconds = {
      milliseconds: 1,
      seconds: 1000,
      minutes: 60000,
      hours: 3600000,
      days: 86400000,
      weeks: 604800000,
    };
    for (const unit of ["months", "quarters", "years"]) milliseconds[unit] = table[unit].days * 86400000;
    return { milliseconds, months: { years: 12, quarters: 3 } };
  }
  function ratio(accuracy, large, small) {
    const table = FACTORS[accuracy];
    if (large === "years" && small === "quarters") return 4;
    if (large === "years" && small === "weeks") return accuracy === "casual" ? 52 : year / 7;
    if (large === "quarters" && small === "weeks") return accuracy === "casual" ? 13 : year / 28;
    if (large === "months" && small === "weeks") return accuracy === "casual" ? 4 : year / 84;
    if (small === "months" && large in table.months) return table.months[large];
    return table.milliseconds[large] / table.milliseconds[small];
  }
  function unitName(name, what = "unit") {
    const unit = SINGULAR[typeof name === "string" ? name.toLowerCase() : name];
    if (unit === undefined) throw new Error(`Invalid ${what} ${name}`);
    return unit;
  }
  function cleaned(values) {
    const clean = {};
    for (const key of Object.keys(values)) {
      const value = values[key];
      if (value === undefined || value === null) continue;
      if (typeof value === "boolean" || value === "" || !Number.isFinite(+value)) {
        throw new Error(`Invalid value ${value} for unit ${key}`);
      }
      clean[unitName(key)] = +value;
    }
    return clean;
  }
  // Where signs differ, the smaller units borrow from the larger until all have the sign of the whole.
  function normalized(values, accuracy) {
    const present = UNITS.filter((unit) => values[unit] !== undefined);
    const total = present.reduce((sum, unit) => sum + values[unit] * FACTORS[accuracy].milliseconds[unit], 0);
    const sign = total < 0 ? -1 : 1;
    const result = { ...values };
    let previous = null;
    for (const unit of [...present].reverse()) {
      if (previous !== null) {
        const size = ratio(accuracy, unit, previous);
        const carried = Math.floor((result[previous] * sign) / size);
        result[unit] += carried * sign;
        result[previous] -= carried * size * sign;
      }
      previous = unit;
    }
    previous = null;
    for (const unit of present) {
      if (previous !== null) {
        const fraction = result[previous] % 1;
        result[previous] -= fraction;
        result[unit] += fraction * ratio(accuracy, previous, unit);
      }
      previous = unit;
    }
    return result;
  }

  const ISO =
    /^(-)?P(?:(?:(-?\d{1,20}(?:[.,]\d{1,20})?)Y)?(?:(-?\d{1,20}(?:[.,]\d{1,20})?)M)?(?:(-?\d{1,20}(?:[.,]\d{1,20})?)W)?(?:(-?\d{1,20}(?:[.,]\d{1,20})?)D)?(?:T(?:(-?\d{1,20}(?:[.,]\d{1,20})?)H)?(?:(-?\d{1,20}(?:[.,]\d{1,20})?)M)?(?:(-?\d{1,20})(?:[.,](-?\d{1,20}))?S)?)?)$/;
  function parseISO(text) {
    const found = typeof text === "string" ? text.match(ISO) : null;
    if (found === null) return null;
    const sign = found[1] ? -1 : 1;
    const number = (piece) => (piece === undefined ? undefined : sign * parseFloat(piece.replace(",", ".")));
    const seconds = number(found[8]);
    const fraction = found[9] === undefined ? undefined : Math.floor(parseFloat(`0.${found[9]}`) * 1000);
    const negative = seconds < 0 || Object.is(seconds, -0);
    return {
      years: number(found[2]),
      months: number(found[3]),
      weeks: number(found[4]),
      days: number(found[5]),
      hours: number(found[6]),
      minutes: number(found[7]),
      seconds,
      milliseconds: fraction === undefined ? undefined : negative ? -fraction : fraction,
    };
  }
  const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

  class Duration {
    isLuxonDuration = true;
    #values;
    #locale;
    #accuracy;
    #invalid;
    constructor(config) {
      this.#values = config.values ?? {};
      this.#locale = config.locale ?? "en-US";
      this.#accuracy = config.conversionAccuracy === "longterm" ? "longterm" : "casual";
      this.#invalid = config.invalid ?? null;
    }
    static #of(values, options = {}) {
      return new Duration({ ...options, values });
    }
    static fromObject(values, options = {}) {
      if (values === null || typeof values !== "object") {
        throw new TypeError(
          `Duration.fromObject: argument expected to be an object, got ${values === null ? "null" : typeof values}`,
        );
      }
      return Duration.#of(cleaned(values), options);
    }
    static fromMillis(count, options) {
      return Duration.fromObject({ milliseconds: count }, options);
    }
    static fromDurationLike(like) {
      if (typeof like === "number") return Duration.fromMillis(like);
      if (like instanceof Duration) return like;
      if (typeof like === "object") return Duration.fromObject(like);
      throw new TypeError(`Unknown duration argument ${like} of type ${typeof like}`);
    }
    static fromISO(text, options) {
      const values = parseISO(text);
      return values === null ? Duration.invalid("unparsable") : Duration.fromObject(values, options);
    }
    static fromISOTime(text, options) {
      const found =
        typeof text === "string" ? text.match(/^T?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?$/) : null;
      if (found === null) return Duration.invalid("unparsable");
      const [, hours, minutes, seconds, fraction] = found;
      return Duration.fromObject(
        { hours, minutes, seconds: seconds ?? 0, milliseconds: fraction ? Math.floor(+`0.${fraction}` * 1000) : 0 },
        options,
      );
    }
    static invalid(reason, explanation) {
      return new Duration({ invalid: { reason, explanation: explanation ?? null } });
    }
    static isDuration(value) {
      return value instanceof Duration;
    }

    get locale() {
      return this.isValid ? this.#locale : null;
    }
    get numberingSystem() {
      return null;
    }
    get conversionAccuracy() {
      return this.#accuracy;
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
    #with(values, options = {}) {
      return new Duration({
        values,
        locale: options.locale ?? this.#locale,
        conversionAccuracy: options.conversionAccuracy ?? this.#accuracy,
        invalid: this.#invalid,
      });
    }
    #total() {
      return UNITS.reduce(
        (sum, unit) => sum + (this.#values[unit] ?? 0) * FACTORS[this.#accuracy].milliseconds[unit],
        0,
      );
    }

    toObject() {
      return { ...this.#values };
    }
    toMillis() {
      return this.isValid ? this.#total() : NaN;
    }
    valueOf() {
      return this.toMillis();
    }
    get(unit) {
      return this[unitName(unit)];
    }
    as(unit) {
      return this.isValid ? this.shiftTo(unit).get(unit) : NaN;
    }
    toISO() {
      if (!this.isValid) return null;
      const v = (unit) => this[unit];
      let text = "P";
      if (v("years") !== 0) text += `${v("years")}Y`;
      if (v("months") !== 0 || v("quarters") !== 0) text += `${v("months") + v("quarters") * 3}M`;
      if (v("weeks") !== 0) text += `${v("weeks")}W`;
      if (v("days") !== 0) text += `${v("days")}D`;
      if (v("hours") || v("minutes") || v("seconds") || v("milliseconds")) text += "T";
      if (v("hours") !== 0) text += `${v("hours")}H`;
      if (v("minutes") !== 0) text += `${v("minutes")}M`;
      if (v("seconds") !== 0 || v("milliseconds") !== 0)
        text += `${rounded(v("seconds") + v("milliseconds") / 1000, 3)}S`;
      return text === "P" ? "PT0S" : text;
    }
    toISOTime(options = {}) {
      const total = this.toMillis();
      if (!this.isValid || total < 0 || total >= 86400000) return null;
      return kit
        .module("datetime")
        .DateTime.fromMillis(total, { zone: "UTC" })
        .toISOTime({
          suppressMilliseconds: false,
          suppressSeconds: false,
          includePrefix: false,
          format: "extended",
          ...options,
          includeOffset: false,
        });
    }
    toJSON() {
      return this.toISO();
    }
    toString() {
      return this.toISO();
    }
    toFormat(format, options = {}) {
      return this.isValid ? kit.module("datetime-format").formatDuration(this, format, options) : "Invalid Duration";
    }
    toHuman(options = {}) {
      return this.isValid
        ? kit.module("intl").formatDuration(this.#values, UNITS, options, this.#locale)
        : "Invalid Duration";
    }
    plus(other) {
      if (!this.isValid) return this;
      const added = Duration.fromDurationLike(other);
      const values = {};
      for (const unit of UNITS) {
        if (unit in this.#values || unit in added.#values) values[unit] = this[unit] + added[unit];
      }
      return this.#with(values);
    }
    minus(other) {
      return this.isValid ? this.plus(Duration.fromDurationLike(other).negate()) : this;
    }
    negate() {
      return this.mapUnits((value) => (value === 0 ? 0 : -value));
    }
    mapUnits(change) {
      const values = {};
      for (const unit of Object.keys(this.#values)) values[unit] = +change(this.#values[unit], unit);
      return this.#with(values);
    }
    set(values) {
      return this.isValid ? this.#with({ ...this.#values, ...cleaned(values) }) : this;
    }
    reconfigure(options = {}) {
      return this.#with(this.#values, options);
    }
    normalize() {
      return this.isValid ? this.#with(normalized(this.#values, this.#accuracy)) : this;
    }
    rescale() {
      const shifted = this.normalize().shiftToAll().toObject();
      return this.#with(Object.fromEntries(Object.entries(shifted).filter(([, value]) => value !== 0)));
    }
    shiftToAll() {
      return this.isValid
        ? this.shiftTo("years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds")
        : this;
    }
    shiftTo(...names) {
      if (!this.isValid || names.length === 0) return this;
      const wanted = names.map((name) => unitName(name));
      const built = {},
        left = {};
      const values = this.#values;
      let last;
      for (const unit of UNITS) {
        if (wanted.includes(unit)) {
          last = unit;
          let own = 0;
          for (const larger of Object.keys(left)) {
            own += ratio(this.#accuracy, larger, unit) * left[larger];
            left[larger] = 0;
          }
          if (typeof values[unit] === "number") own += values[unit];
          built[unit] = Math.trunc(own);
          left[unit] = (own * 1000 - Math.trunc(own) * 1000) / 1000;
        } else if (typeof values[unit] === "number") {
          left[unit] = values[unit];
        }
      }
      for (const unit of Object.keys(left)) {
        if (left[unit] !== 0)
          built[last] += unit === last ? left[unit] : left[unit] / ratio(this.#accuracy, last, unit);
      }
      return this.#with(normalized(built, this.#accuracy));
    }
    removeZeros() {
      return this.isValid
        ? this.#with(Object.fromEntries(Object.entries(this.#values).filter(([, value]) => value !== 0)))
        : this;
    }
    equals(other) {
      if (!this.isValid || !other.isValid || this.#locale !== other.#locale) return false;
      return UNITS.every((unit) => (this.#values[unit] ?? 0) === (other.#values[unit] ?? 0));
    }
  }
  for (const unit of UNITS) {
    kit.defineProperty(Duration.prototype, unit, {
      get() {
        return this.isValid ? (this.toObject()[unit] ?? 0) : NaN;
      },
      configurable: true,
    });
  }
  kinds.push([(value) => value instanceof Duration, tags.TEXT, (value) => value.toISO()]);
  return { Duration, UNITS, unitName };
});
