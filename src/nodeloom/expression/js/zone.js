// Time zones: fixed offsets, the zones of the tz database (their rules come from Python), and invalid ones.
(function (kit) {
  "use strict";
  const { need, read, create } = kit;
  const rules = create(null); // by lower-case name
  const LONGEST_NAME = 100; // as in zones.py
  const LAST = 4102444800000;
  // After the rules end, an instant has the offset of the same day in an earlier year with the same weekdays.
  function folded(time) {
    const year = new Date(time).getUTCFullYear();
    const leap = (y) => y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
    const first = (y) => new Date(Date.UTC(y, 0, 1)).getUTCDay();
    for (let y = 2099; y > 2071; y--) {
      if (leap(y) === leap(year) && first(y) === first(year)) return time - Date.UTC(year, 0, 1) + Date.UTC(y, 0, 1);
    }
    return LAST - 1;
  }

  function rulesOf(name) {
    const key = name.length <= LONGEST_NAME ? name.toLowerCase() : "";
    if (key in rules) return rules[key];
    // Only what is a zone is kept: of all else there is no end.
    const found = key === "" ? null : read(need("zone", name));
    if (found !== null) rules[key] = found;
    return found;
  }
  function position(at, time) {
    let low = 0,
      high = at.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  const two = (number) => `${number}`.padStart(2, "0");
  // An offset in minutes as text: "narrow" +5:30, "short" +05:30, "techie" +0530.
  function offsetText(minutes, format) {
    const sign = minutes < 0 ? "-" : "+";
    const whole = Math.trunc(Math.abs(minutes));
    const hours = Math.trunc(whole / 60),
      rest = whole % 60;
    if (format === "narrow") return `${sign}${hours}${rest > 0 ? `:${rest}` : ""}`;
    return `${sign}${two(hours)}${format === "techie" ? "" : ":"}${two(rest)}`;
  }

  class Zone {
    get isValid() {
      return true;
    }
    get ianaName() {
      return this.name;
    }
    formatOffset(time, format) {
      return offsetText(this.offset(time), format);
    }
    toString() {
      return this.name;
    }
  }
  class FixedOffsetZone extends Zone {
    #fixed;
    constructor(offset) {
      super();
      this.#fixed = offset;
    }
    get type() {
      return "fixed";
    }
    get name() {
      return this.#fixed === 0 ? "UTC" : `UTC${offsetText(this.#fixed, "narrow")}`;
    }
    get ianaName() {
      return this.#fixed === 0 ? "Etc/UTC" : `Etc/GMT${offsetText(-this.#fixed, "narrow")}`;
    }
    get isUniversal() {
      return true;
    }
    get abbreviated() {
      return this.name;
    }
    offset() {
      return this.#fixed;
    }
    offsetName() {
      return this.name;
    }
    abbreviation() {
      return "UTC";
    }
    equals(other) {
      return other.type === "fixed" && other.offset() === this.#fixed;
    }
  }
  class IANAZone extends Zone {
    #rules;
    constructor(found) {
      super();
      this.#rules = found;
    }
    get type() {
      return "iana";
    }
    get name() {
      return this.#rules.name;
    }
    get isUniversal() {
      return false;
    }
    #at(time) {
      return position(this.#rules.at, time < LAST ? time : folded(time));
    }
    offset(time) {
      return time === time ? this.#rules.offset[this.#at(time)] / 60 : NaN;
    }
    abbreviation(time) {
      return this.#rules.abbreviation[this.#at(time)];
    }
    offsetName(time, { format, locale } = {}) {
      return kit.module("intl").zoneName(this, time, format, locale);
    }
    equals(other) {
      return other.type === "iana" && other.name === this.name;
    }
  }
  class InvalidZone extends Zone {
    #name;
    constructor(name) {
      super();
      this.#name = name;
    }
    get type() {
      return "invalid";
    }
    get name() {
      return this.#name;
    }
    get isValid() {
      return false;
    }
    get isUniversal() {
      return false;
    }
    offset() {
      return NaN;
    }
    offsetName() {
      return null;
    }
    abbreviation() {
      return null;
    }
    formatOffset() {
      return "";
    }
    equals() {
      return false;
    }
  }
  const utc = new FixedOffsetZone(0);

  function named(name) {
    const found = rulesOf(name);
    return found === null ? new InvalidZone(name) : new IANAZone(found);
  }
  const LOCAL = ["default", "local", "system"];
  // The zone of this run, as the host sets it.
  const workflowZone = () =>
    kit.once("zone", () => {
      const { timezone } = read(need("environment", ""));
      const zone = LOCAL.includes(timezone.toLowerCase()) ? named(read(need("process", "")).zone) : normalize(timezone);
      return zone.isValid ? zone : kit.fail(`The time zone ${JSON.stringify(timezone)} of this run is not known`);
    });

  function normalize(value) {
    if (value === undefined || value === null) return workflowZone();
    if (value instanceof Zone) return value;
    if (typeof value === "number") return new FixedOffsetZone(value);
    if (typeof value !== "string") return new InvalidZone(`${typeof value}`);
    const lowered = value.toLowerCase();
    if (LOCAL.includes(lowered)) return workflowZone();
    if (lowered === "utc" || lowered === "gmt") return utc;
    const fixed = value.match(/^utc([+-]\d{1,2})(?::(\d{2}))?$/i);
    if (fixed) {
      const hours = parseInt(fixed[1], 10);
      return new FixedOffsetZone(
        hours * 60 + (hours < 0 || fixed[1][0] === "-" ? -1 : 1) * (fixed[2] ? parseInt(fixed[2], 10) : 0),
      );
    }
    return named(value);
  }
  return { Zone, FixedOffsetZone, IANAZone, InvalidZone, utc, normalize, workflowZone, offsetText, two };
});
