// Extension methods of booleans.
(function (kit) {
  "use strict";
  const { none } = kit.module("extensions");
  return {
    __proto__: null,
    toBoolean: (value) => value,
    toInt: (value) => (value ? 1 : 0),
    toFloat: (value) => (value ? 1 : 0),
    toNumber: (value) => (value ? 1 : 0),
    toDateTime: none,
  };
});
