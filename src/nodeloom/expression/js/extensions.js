// n8n's extension methods: `value.method(args)` for the names it knows goes through `extend`, which looks at the
// value's type first, then for a method of the value's own, then for what every value has.
(function (kit) {
  "use strict";
  const { ExpressionExtensionError, isArray, NativeDate, isLoaded, freeze, create } = kit;
  const fail = (message) => {
    throw new ExpressionExtensionError(message);
  };
  const ISO_STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

  const isDateTime = (value) => isLoaded("datetime") && value instanceof kit.module("datetime").DateTime;
  const isDate = (value) => value instanceof NativeDate || isDateTime(value);

  function moduleFor(value, name) {
    if (isArray(value)) return "ext-array";
    if (typeof value === "string") {
      return ISO_STAMP.test(value) && name !== "toDate" && name !== "toDateTime" ? "ext-date" : "ext-string";
    }
    if (typeof value === "number") return "ext-number";
    if (typeof value === "boolean") return "ext-boolean";
    if (typeof value === "object") return isDate(value) ? "ext-date" : "ext-object";
    return null;
  }

  const general = freeze({
    __proto__: null,
    isEmpty: (value) => !value,
    isNotEmpty: (value) => !!value,
  });
  const TYPES = [
    ["Array", "ext-array"],
    ["String", "ext-string"],
    ["Number", "ext-number"],
    ["Date", "ext-date"],
    ["Object", "ext-object"],
    ["Boolean", "ext-boolean"],
  ];

  function find(value, name) {
    const type = value === null || value === undefined ? null : moduleFor(value, name);
    if (type !== null) {
      const method = kit.module(type)[name];
      if (method !== undefined) return (args) => method(value, args);
    }
    if (value !== null && value !== undefined && typeof value[name] === "function")
      return (args) => value[name](...args);
    if (name in general) return () => general[name](value);
    return null;
  }
  function missing(value, name) {
    if (value === null || value === undefined) return fail(`${name}() cannot be called on ${value}`);
    const types = TYPES.filter(([, type]) => name in kit.module(type)).map(([type]) => `"${type}"`);
    if (types.length === 0) return fail(`There is no extension method ${name}()`);
    return fail(`${name}() is only callable on type ${types.join(", ")}`);
  }
  function extend(value, name, args = []) {
    const method = find(value, name);
    return method === null ? missing(value, name) : method(args);
  }
  // The method as a function, or undefined where the value has none.
  function extendOptional(value, name) {
    if (value === null || value === undefined) return undefined;
    const method = find(value, name);
    return method === null ? undefined : (...args) => method(args);
  }
  const same = (a, b) => {
    if (a === b || (a !== a && b !== b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (a instanceof NativeDate || b instanceof NativeDate)
      return a instanceof NativeDate && b instanceof NativeDate && +a === +b;
    if (isArray(a) !== isArray(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => kit.ownKey(b, key) && same(a[key], b[key]));
  };
  return { extend, extendOptional, fail, same, none: () => undefined, create, isDateTime };
});
