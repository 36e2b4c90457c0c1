// JavaScript's Date with the zone of the run as its local time. QuickJS only knows the zone of the process, which
// several runs share; where the two are the same its own methods are used. Runs before harden.js.
(function (kit) {
  "use strict";
  const NativeDate = kit.NativeDate;
  const { setPrototypeOf } = Object;
  const native = NativeDate.prototype;
  const MINUTE = 60000,
    DAY = 86400000;
  const intl = () => kit.module("intl");
  const method = Function.prototype.call.bind(Function.prototype.bind, Function.prototype.call);
  const getTime = method(native.getTime),
    setTime = method(native.setTime);

  // The zone of the run, or null if it is that of the process.
  const zone = () =>
    kit.once("Date zone", () => {
      const name = kit.read(kit.need("environment", "")).timezone;
      if (name === intl().processZone()) return null;
      const wanted = kit.module("zone").normalize(name);
      return wanted.isValid ? wanted : null;
    });
  // The instant of a local time: of two the first, in a gap as if clocks had not been changed yet (ECMA-262 21.4.1.26).
  function instant(local, place) {
    const before = place.offset(local - DAY),
      after = place.offset(local + DAY);
    const first = local - before * MINUTE,
      second = local - after * MINUTE;
    return place.offset(first) !== before && place.offset(second) === after ? second : first;
  }
  const shifted = (date, place) => new NativeDate(getTime(date) + place.offset(getTime(date)) * MINUTE);
  const put = (name, value) =>
    Object.defineProperty(native, name, { value, writable: true, enumerable: false, configurable: true });

  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    const own = method(native[`get${part}`]),
      utc = method(native[`getUTC${part}`]);
    put(
      `get${part}`,
      {
        [`get${part}`]() {
          const place = zone();
          return place === null || Number.isNaN(getTime(this)) ? own(this) : utc(shifted(this, place));
        },
      }[`get${part}`],
    );
    if (part === "Day") continue;
    const ownSet = native[`set${part}`],
      utcSet = native[`setUTC${part}`];
    put(
      `set${part}`,
      {
        [`set${part}`](...args) {
          const place = zone();
          const base = Number.isNaN(getTime(this)) && part === "FullYear" ? new NativeDate(0) : this;
          if (place === null || Number.isNaN(getTime(base))) return ownSet.apply(this, args);
          const local = shifted(base, place);
          return setTime(this, instant(utcSet.apply(local, args), place));
        },
      }[`set${part}`],
    );
  }
  const ownOffset = method(native.getTimezoneOffset);
  put("getTimezoneOffset", function getTimezoneOffset() {
    const place = zone();
    return place === null || Number.isNaN(getTime(this)) ? ownOffset(this) : -place.offset(getTime(this));
  });

  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (number) => `${number}`.padStart(2, "0");
  const year = (number) => (number < 0 ? `-${`${-number}`.padStart(6, "0")}` : `${number}`.padStart(4, "0"));
  const dateText = (d) => `${DAYS[d.getDay()]} ${MONTHS[d.getMonth()]} ${two(d.getDate())} ${year(d.getFullYear())}`;
  function timeText(d) {
    const offset = -d.getTimezoneOffset(),
      size = Math.abs(Math.trunc(offset));
    const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
    const place = zone();
    const name =
      place?.name === "UTC" ? "Coordinated Universal Time" : intl().dateIn(d, place ?? undefined).offsetNameLong;
    return `${clock} GMT${offset < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}${two(size % 60)} (${name})`;
  }
  const valid = (date, text) => (Number.isNaN(getTime(date)) ? "Invalid Date" : text(date));
  put("toString", function toString() {
    return valid(this, (d) => `${dateText(d)} ${timeText(d)}`);
  });
  put("toDateString", function toDateString() {
    return valid(this, dateText);
  });
  put("toTimeString", function toTimeString() {
    return valid(this, timeText);
  });
  for (const [name, kind] of [
    ["toLocaleString", "all"],
    ["toLocaleDateString", "date"],
    ["toLocaleTimeString", "time"],
  ]) {
    put(
      name,
      {
        [name](tag, options) {
          const place = zone();
          return intl().formatDate(
            this,
            tag,
            place === null || options?.timeZone ? options : { ...options, timeZone: place.name },
            kind,
          );
        },
      }[name],
    );
  }

  const ZONED = /(?:Z|GMT|UTC?|\b[ECMP][SD]T|[+-]\d{2}:?\d{2})\s*(?:\(.*\))?\s*$/i;
  const UTC_DATE = /^[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?$/;
  // A text without a zone is local time, but a bare ISO date is UTC.
  function parse(text) {
    const plain = NativeDate.parse(text);
    if (Number.isNaN(plain) || UTC_DATE.test(text) || (ZONED.test(text) && /\d:\d|GMT|UTC|Z$/i.test(text)))
      return plain;
    const place = zone();
    if (place === null) return plain;
    const asUTC = NativeDate.parse(text + (/^[+-]?\d{4,6}-\d\d-\d\d[T ]/.test(text) ? "Z" : " UTC"));
    return Number.isNaN(asUTC) ? plain : instant(asUTC, place);
  }
  function build(args) {
    const utc = NativeDate.UTC(...args);
    return instant(utc, zone());
  }
  function Date(...args) {
    if (new.target === undefined) return new NativeDate().toString();
    let made;
    if (args.length === 0) made = new NativeDate();
    else if (args.length > 1) made = zone() === null ? new NativeDate(...args) : new NativeDate(build(args));
    else {
      const value =
        args[0] instanceof NativeDate
          ? getTime(args[0])
          : typeof args[0] === "object" && args[0] !== null
            ? (args[0][Symbol.toPrimitive]?.("default") ?? primitive(args[0]))
            : args[0];
      made = new NativeDate(typeof value === "string" ? parse(value) : value);
    }
    return new.target === Date ? made : setPrototypeOf(made, new.target.prototype);
  }
  function primitive(object) {
    for (const name of ["valueOf", "toString"]) {
      if (typeof object[name] !== "function") continue;
      const value = object[name]();
      if (value === null || typeof value !== "object") return value;
    }
    throw new TypeError("Cannot convert object to primitive value");
  }
  Object.defineProperties(Date, {
    prototype: { value: native, writable: false },
    length: { value: 7 },
    name: { value: "Date" },
    now: { value: NativeDate.now, writable: true, configurable: true },
    UTC: { value: NativeDate.UTC, writable: true, configurable: true },
    parse: {
      value: function parseDate(text) {
        return parse(`${text}`);
      },
      writable: true,
      configurable: true,
    },
  });
  Object.defineProperty(native, "constructor", { value: Date, writable: true, configurable: true });
  Object.defineProperty(globalThis, "Date", { value: Date, writable: true, configurable: true });
});
