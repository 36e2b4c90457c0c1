// Extension methods of numbers.
(function (kit) {
  "use strict";
  const { fail } = kit.module("extensions");
  const needInteger = (name, value) =>
    Number.isInteger(value) ? value : fail(`${name}() is only callable on integers`);

  function toDateTime(value, [format]) {
    const { DateTime } = kit.module("datetime");
    switch (format) {
      case undefined:
      case "ms":
        return DateTime.fromMillis(value);
      case "s":
        return DateTime.fromSeconds(value);
      case "us":
        return DateTime.fromMillis(value / 1000);
      // Excel counts days from 1899-12-30 (for dates after February 1900).
      case "excel":
        return DateTime.fromSeconds((value - 25569) * 86400);
      default:
        return fail(`Unsupported format '${format}'; toDateTime() knows 'ms', 's', 'us' and 'excel'`);
    }
  }
  return {
    __proto__: null,
    ceil: (value) => Math.ceil(value),
    floor: (value) => Math.floor(value),
    abs: (value) => Math.abs(value),
    format: (value, [locale, options]) => kit.module("intl").formatNumber(value, locale, options),
    round: (value, [places = 0]) => +value.toFixed(places),
    isInteger: (value) => Number.isInteger(value),
    isEven: (value) => needInteger("isEven", value) % 2 === 0,
    isOdd: (value) => Math.abs(needInteger("isOdd", value)) % 2 === 1,
    toBoolean: (value) => value !== 0,
    toInt: (value) => +value.toFixed(0),
    toFloat: (value) => value,
    toDateTime,
  };
});
