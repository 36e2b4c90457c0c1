// The part of DateTime that reads and writes text.
(function (kit) {
  "use strict";
  // UTC, and fixed offsets that no zone of the tz database (Etc/GMT-14 to Etc/GMT+12) has.
  const isNameless = (zone, offset) =>
    zone.type === "fixed" && (offset === 0 || offset % 60 !== 0 || offset < -720 || offset > 840);

  class Text {
    static fromISO(text, options) {
      return kit.module("datetime-parse").parse(text, options, "iso");
    }
    static fromRFC2822(text, options) {
      return kit.module("datetime-parse").parse(text, options, "rfc2822");
    }
    static fromHTTP(text, options) {
      return kit.module("datetime-parse").parse(text, options, "http");
    }
    static fromSQL(text, options) {
      return kit.module("datetime-parse").parse(text, options, "sql");
    }
    static fromFormat(text, format, options) {
      return kit.module("datetime-parse").parseFormat(text, format, options);
    }
    static fromString(text, format, options) {
      return this.fromFormat(text, format, options);
    }
    static fromFormatExplain(text, format, options) {
      return kit.module("datetime-parse").explain(text, format, options);
    }
    get monthShort() {
      return this.isValid ? this.toFormat("LLL") : null;
    }
    get monthLong() {
      return this.isValid ? this.toFormat("LLLL") : null;
    }
    get weekdayShort() {
      return this.isValid ? this.toFormat("ccc") : null;
    }
    get weekdayLong() {
      return this.isValid ? this.toFormat("cccc") : null;
    }
    get offsetNameShort() {
      return this.isValid ? this.zone.offsetName(this.toMillis(), { format: "short", locale: this.locale }) : null;
    }
    get offsetNameLong() {
      return this.isValid ? this.zone.offsetName(this.toMillis(), { format: "long", locale: this.locale }) : null;
    }
    resolvedLocaleOptions() {
      return { locale: this.locale ?? "en-US", numberingSystem: "latn", outputCalendar: "gregory" };
    }
    toRelative(options = {}) {
      return this.isValid ? kit.module("datetime-diff").relative(this, options) : null;
    }
    toRelativeCalendar(options = {}) {
      return this.isValid ? kit.module("datetime-diff").relativeCalendar(this, options) : null;
    }
    toFormat(format, options = {}) {
      return this.isValid ? kit.module("datetime-format").format(this, format, options) : "Invalid DateTime";
    }
    toLocaleString(format, options = {}) {
      if (!this.isValid) return "Invalid DateTime";
      const wanted = format ?? this.constructor.DATE_SHORT;
      const text = kit.module("intl").formatDateTime(this, wanted, options.locale ?? this.locale);
      // luxon joins the parts of a date whose zone has no name, and in them a narrow space stands before AM and PM.
      return isNameless(this.zone, this.offset) ? text.replace(/(\d) (?=[AaPp]\.?[Mm])/, "$1\u202f") : text;
    }
    toLocaleParts(options) {
      return this.isValid ? [{ type: "literal", value: this.toLocaleString(options) }] : [];
    }
    toISO(options) {
      return this.isValid ? kit.module("datetime-format").iso(this, options) : null;
    }
    toISODate(options) {
      return this.isValid ? kit.module("datetime-format").isoDate(this, options) : null;
    }
    toISOWeekDate() {
      return this.isValid ? this.toFormat("kkkk-'W'WW-c") : null;
    }
    toISOTime(options) {
      return this.isValid ? kit.module("datetime-format").isoTime(this, options) : null;
    }
    toRFC2822() {
      return this.isValid ? this.setLocale("en-US").toFormat("EEE, dd LLL yyyy HH:mm:ss ZZZ") : null;
    }
    toHTTP() {
      return this.isValid ? this.toUTC().setLocale("en-US").toFormat("EEE, dd LLL yyyy HH:mm:ss 'GMT'") : null;
    }
    toSQLDate() {
      return this.isValid ? this.toISODate() : null;
    }
    toSQLTime(options) {
      return this.isValid ? kit.module("datetime-format").sqlTime(this, options) : null;
    }
    toSQL(options) {
      return this.isValid ? `${this.toSQLDate()} ${this.toSQLTime(options)}` : null;
    }
    toJSON() {
      return this.toISO();
    }
    toBSON() {
      return this.toJSDate();
    }
    toString() {
      return this.isValid ? this.toISO() : "Invalid DateTime";
    }
  }
  const copy = (from, to) => {
    for (const key of Object.getOwnPropertyNames(from)) {
      if (["constructor", "prototype", "length", "name"].includes(key)) continue;
      kit.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key));
    }
  };
  return {
    mixInto(type) {
      copy(Text, type);
      copy(Text.prototype, type.prototype);
    },
  };
});
