// Interval, compatible with luxon 3: from a start up to, not including, an end.
(function (kit) {
  "use strict";
  const { DateTime } = kit.module("datetime");
  const { Duration } = kit.module("duration");
  const asDateTime = (value) => {
    if (value instanceof DateTime) return value;
    if (value instanceof kit.NativeDate) return DateTime.fromJSDate(value);
    if (value !== null && typeof value === "object") return DateTime.fromObject(value);
    throw new TypeError(`Unknown datetime argument: ${value}, of type ${typeof value}`);
  };

  class Interval {
    // Own members with luxon's names: JSON, and what leaves the expression, is made of them.
    constructor(start, end, invalid = null) {
      this.s = start;
      this.e = end;
      this.invalid = invalid;
      this.isLuxonInterval = true;
    }
    static invalid(reason) {
      return new Interval(null, null, { reason });
    }
    static fromDateTimes(start, end) {
      const [from, to] = [asDateTime(start), asDateTime(end)];
      if (!from.isValid) return Interval.invalid("missing or invalid start");
      if (!to.isValid) return Interval.invalid("missing or invalid end");
      return to < from ? Interval.invalid("end before start") : new Interval(from, to);
    }
    static after(start, duration) {
      const from = asDateTime(start);
      return Interval.fromDateTimes(from, from.plus(Duration.fromDurationLike(duration)));
    }
    static before(end, duration) {
      const to = asDateTime(end);
      return Interval.fromDateTimes(to.minus(Duration.fromDurationLike(duration)), to);
    }
    static fromISO(text, options) {
      const [first, second] = `${text ?? ""}`.split("/", 2);
      if (!first || !second) return Interval.invalid("unparsable");
      const start = DateTime.fromISO(first, options),
        end = DateTime.fromISO(second, options);
      if (start.isValid && end.isValid) return Interval.fromDateTimes(start, end);
      if (start.isValid) {
        const duration = Duration.fromISO(second);
        if (duration.isValid) return Interval.after(start, duration);
      } else if (end.isValid) {
        const duration = Duration.fromISO(first);
        if (duration.isValid) return Interval.before(end, duration);
      }
      return Interval.invalid("unparsable");
    }
    static isInterval(value) {
      return value instanceof Interval;
    }
    static merge(intervals) {
      const sorted = [...intervals].sort((a, b) => a.start - b.start);
      const merged = [];
      for (const interval of sorted) {
        const last = merged[merged.length - 1];
        if (last !== undefined && (last.overlaps(interval) || last.abutsStart(interval)))
          merged[merged.length - 1] = last.union(interval);
        else merged.push(interval);
      }
      return merged;
    }
    static xor(intervals) {
      const edges = intervals
        .flatMap((i) => [
          [i.start, 1],
          [i.end, -1],
        ])
        .sort((a, b) => a[0] - b[0]);
      const result = [];
      let start = null,
        depth = 0;
      for (const [time, step] of edges) {
        depth += step;
        if (depth === 1) {
          start = time;
        } else {
          if (start !== null && +start !== +time) result.push(Interval.fromDateTimes(start, time));
          start = null;
        }
      }
      return Interval.merge(result);
    }

    get isValid() {
      return this.invalid === null;
    }
    get invalidReason() {
      return this.invalid?.reason ?? null;
    }
    get start() {
      return this.isValid ? this.s : null;
    }
    get end() {
      return this.isValid ? this.e : null;
    }
    get lastDateTime() {
      return this.isValid ? this.e.minus(1) : null;
    }
    length(unit = "milliseconds") {
      return this.isValid ? this.toDuration(unit).get(unit) : NaN;
    }
    count(unit = "milliseconds", options = {}) {
      if (!this.isValid) return NaN;
      const start = this.s.startOf(unit, options);
      const end = this.e.startOf(unit, options);
      return Math.floor(end.diff(start, unit).get(unit)) + (end.valueOf() !== this.e.valueOf() ? 1 : 0);
    }
    hasSame(unit) {
      return this.isValid && (this.isEmpty() || this.e.minus(1).hasSame(this.s, unit));
    }
    isEmpty() {
      return this.s.valueOf() === this.e.valueOf();
    }
    isAfter(time) {
      return this.isValid && this.s > time;
    }
    isBefore(time) {
      return this.isValid && this.e <= time;
    }
    contains(time) {
      return this.isValid && this.s <= time && this.e > time;
    }
    set({ start, end } = {}) {
      return this.isValid ? Interval.fromDateTimes(start ?? this.s, end ?? this.e) : this;
    }
    splitAt(...times) {
      if (!this.isValid) return [];
      const sorted = times
        .map(asDateTime)
        .filter((time) => this.contains(time))
        .sort((a, b) => a - b);
      const parts = [];
      let start = this.s;
      for (const time of [...sorted, this.e]) {
        if (+time === +start) continue;
        parts.push(Interval.fromDateTimes(start, time));
        start = time;
      }
      return parts;
    }
    splitBy(length) {
      const duration = Duration.fromDurationLike(length);
      if (!this.isValid || !duration.isValid || duration.as("milliseconds") === 0) return [];
      const parts = [];
      let start = this.s,
        index = 1;
      while (start < this.e) {
        const next = this.s.plus(duration.mapUnits((value) => value * index));
        const end = +next > +this.e ? this.e : next;
        parts.push(Interval.fromDateTimes(start, end));
        start = end;
        index += 1;
      }
      return parts;
    }
    divideEqually(count) {
      return this.isValid ? this.splitBy(this.length() / count).slice(0, count) : [];
    }
    overlaps(other) {
      return this.e > other.s && this.s < other.e;
    }
    abutsStart(other) {
      return this.isValid && +this.e === +other.s;
    }
    abutsEnd(other) {
      return this.isValid && +other.e === +this.s;
    }
    engulfs(other) {
      return this.isValid && this.s <= other.s && this.e >= other.e;
    }
    equals(other) {
      return this.isValid && other.isValid && this.s.equals(other.s) && this.e.equals(other.e);
    }
    intersection(other) {
      if (!this.isValid) return this;
      const start = this.s > other.s ? this.s : other.s;
      const end = this.e < other.e ? this.e : other.e;
      return start >= end ? null : Interval.fromDateTimes(start, end);
    }
    union(other) {
      if (!this.isValid) return this;
      return Interval.fromDateTimes(
        this.s < other.s ? this.s : other.s,
        this.e > other.e ? this.e : other.e,
      );
    }
    difference(...others) {
      return Interval.xor([this, ...others])
        .map((interval) => this.intersection(interval))
        .filter((i) => i !== null && !i.isEmpty());
    }
    mapEndpoints(change) {
      return Interval.fromDateTimes(change(this.s), change(this.e));
    }
    toDuration(unit, options) {
      return this.isValid ? this.e.diff(this.s, unit, options) : Duration.invalid(this.invalidReason);
    }
    toISO(options) {
      return this.isValid ? `${this.s.toISO(options)}/${this.e.toISO(options)}` : "Invalid Interval";
    }
    toISODate() {
      return this.isValid ? `${this.s.toISODate()}/${this.e.toISODate()}` : "Invalid Interval";
    }
    toISOTime(options) {
      return this.isValid ? `${this.s.toISOTime(options)}/${this.e.toISOTime(options)}` : "Invalid Interval";
    }
    toFormat(format, { separator = " – " } = {}) {
      return this.isValid
        ? `${this.s.toFormat(format)}${separator}${this.e.toFormat(format)}`
        : "Invalid Interval";
    }
    toString() {
      return this.isValid ? `[${this.s.toISO()} – ${this.e.toISO()})` : "Invalid Interval";
    }
    toLocaleString(options, more) {
      return this.isValid
        ? `${this.s.toLocaleString(options, more)}\u2009–\u2009${this.e.toLocaleString(options, more)}`
        : "Invalid Interval";
    }
  }
  return { Interval };
});
