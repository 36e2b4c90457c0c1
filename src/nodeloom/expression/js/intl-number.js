// Numbers as text in a language (ECMA-402 NumberFormat).
(function (kit) {
  "use strict";
  const { LOCALES, CURRENCIES, NO_CENTS, locale } = kit.module("locales");

  // Digits of a number that is not negative, rounded half up at `places` decimals, from its shortest decimal form.
  function digitsOf(number, places) {
    const [mantissa, exponent = "0"] = `${number}`.split("e");
    const [whole, fraction = ""] = mantissa.split(".");
    const point = whole.length + +exponent;
    const all = (whole + fraction).padEnd(Math.max(point, 0), "0");
    const shifted = point < 0 ? "0".repeat(-point) + all : all;
    const at = Math.max(point, 0) + places;
    if (at < 0) return "0";
    const kept = BigInt(shifted.slice(0, at).padEnd(at, "0") || "0") + (shifted[at] >= "5" ? 1n : 0n);
    return `${kept}`.padStart(places + 1, "0");
  }
  function fixed(number, least, most) {
    const digits = digitsOf(number, most);
    const whole = most === 0 ? digits : digits.slice(0, -most);
    let fraction = most === 0 ? "" : digits.slice(-most);
    while (fraction.length > least && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
    return [whole, fraction];
  }
  function significant(number, least, most) {
    if (number === 0) return ["0", "0".repeat(Math.max(least - 1, 0))];
    const exponent = Math.floor(Math.log10(number));
    const places = most - 1 - exponent;
    if (places >= 0) return fixed(number, Math.max(least - 1 - exponent, 0), places);
    return [digitsOf(number, places) + "0".repeat(-places), ""];
  }
  function grouped(whole, names) {
    if (whole.length <= 3 || (names.minimumGrouping === 2 && whole.length <= 4)) return whole;
    const rest = whole.slice(0, -3);
    const places = names.indian ? /\B(?=(?:\d{2})+$)/g : /\B(?=(?:\d{3})+$)/g;
    return `${rest.replace(places, names.group)}${names.group}${whole.slice(-3)}`;
  }
  const COMPACT = [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "K"],
  ];

  function formatNumber(value, tag = "en-US", options = {}) {
    const names = locale(tag);
    if (typeof value === "bigint") return grouped(`${value}`, names);
    const number = +value;
    const {
      style = "decimal",
      currency = "USD",
      currencyDisplay = "symbol",
      notation,
      useGrouping = true,
      minimumIntegerDigits = 1,
      signDisplay,
    } = options ?? {};
    const cents = style === "currency" ? (NO_CENTS.includes(currency) ? 0 : 2) : 0;
    const least = options?.minimumFractionDigits ?? Math.min(cents, options?.maximumFractionDigits ?? cents);
    const most =
      options?.maximumFractionDigits ?? Math.max(least, style === "currency" ? cents : style === "percent" ? 0 : 3);
    if (!(least >= 0 && least <= 100 && most >= least && most <= 100))
      throw new RangeError("fraction digits value is out of range");
    let magnitude = Math.abs(number),
      suffix = "";
    if (style === "percent") magnitude = +`${magnitude}e2` || magnitude * 100;
    let body;
    if (Number.isNaN(number)) {
      body = "NaN";
    } else if (magnitude === Infinity) {
      body = "∞";
    } else {
      let parts;
      if (notation === "compact") {
        const step = COMPACT.find(([size]) => magnitude >= size);
        if (step) {
          magnitude /= step[0];
          suffix = step[1];
        }
        parts = magnitude < 100 ? significant(magnitude, 1, 2) : fixed(magnitude, 0, 0);
      } else if (options?.maximumSignificantDigits !== undefined || options?.minimumSignificantDigits !== undefined) {
        parts = significant(magnitude, options.minimumSignificantDigits ?? 1, options.maximumSignificantDigits ?? 21);
      } else {
        parts = fixed(magnitude, least, most);
      }
      const whole = parts[0].padStart(minimumIntegerDigits, "0");
      body =
        (useGrouping === false ? whole : grouped(whole, names)) + (parts[1] ? names.decimal + parts[1] : "") + suffix;
    }
    if (style === "percent") body += names.percent;
    if (style === "unit" && options?.unit) body += ` ${options.unit}`;
    if (style === "currency") {
      const sign = currencyDisplay === "code" ? currency : (CURRENCIES[currency] ?? currency);
      const space =
        names.currencyAfter || names.currencySpace || sign.length === 3 || names === LOCALES.nl || names === LOCALES.pt
          ? "\u00a0"
          : "";
      body = names.currencyAfter ? `${body}${space}${sign}` : `${sign}${space}${body}`;
    }
    const negative = number < 0 || Object.is(number, -0);
    if (negative) return `-${body}`;
    return signDisplay === "always" || (signDisplay === "exceptZero" && Math.abs(number) > 0) ? `+${body}` : body;
  }
  return { formatNumber };
});
