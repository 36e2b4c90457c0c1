// Takes from the global object what expressions have no use for, and freezes everything that is left, so that no
// evaluation can leave a trace for the next one.
(function (kit) {
  "use strict";
  const kept = new Set(
    (
      "Object Array String Number Boolean Date RegExp Math JSON Map Set WeakMap WeakSet Symbol BigInt " +
      "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError ArrayBuffer DataView " +
      "Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array " +
      "Float32Array Float64Array parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI " +
      "decodeURIComponent Infinity NaN undefined"
    ).split(" "),
  );
  const global = globalThis;

  // Constructors that compile code are the one way to text that becomes code.
  const refuse = function () {
    throw new TypeError("Code cannot be made from text here");
  };
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const prototype of functions.map(Object.getPrototypeOf)) {
    Object.defineProperty(prototype, "constructor", { value: refuse });
  }
  // State that would outlive an evaluation.
  for (const key of ["prepareStackTrace", "stackTraceLimit", "captureStackTrace"]) delete Error[key];

  const roots = Object.getOwnPropertyNames(global).map((name) => global[name]);
  const iterators = [
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map().keys(),
    new Set().keys(),
    "".matchAll(/./g),
    ...functions.slice(1).map((f) => f.prototype),
    (function* () {})(),
    [].values().map((x) => x),
    Iterator.from({ next() {} }),
  ];
  roots.push(...functions, ...iterators, refuse);

  // A frozen prototype would forbid an object to have a `toString` of its own; an accessor allows it.
  function openToOverrides(prototype, keys) {
    for (const key of keys) {
      const value = prototype[key];
      Object.defineProperty(prototype, key, {
        get() {
          return value;
        },
        set(own) {
          if (this === prototype) throw new TypeError(`${key} of a built-in cannot be changed`);
          Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
        },
        configurable: false,
        enumerable: false,
      });
    }
  }
  openToOverrides(Object.prototype, [
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "constructor",
    "isPrototypeOf",
  ]);
  openToOverrides(Array.prototype, ["toString"]);
  openToOverrides(Function.prototype, ["toString"]);
  openToOverrides(Date.prototype, ["toString", "toJSON"]);
  for (const type of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]) {
    openToOverrides(
      type.prototype,
      ["name", "message"].filter((key) => Object.hasOwn(type.prototype, key)),
    );
  }

  const seen = new Set();
  const waiting = roots.filter((value) => value !== global);
  while (waiting.length) {
    const value = waiting.pop();
    if (
      value === null ||
      (typeof value !== "object" && typeof value !== "function") ||
      value === global ||
      seen.has(value)
    )
      continue;
    seen.add(value);
    if (typeof value === "function") kit.natives.add(value);
    Object.freeze(value);
    waiting.push(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      waiting.push(property.value, property.get, property.set);
    }
  }
  for (const name of Object.getOwnPropertyNames(global)) {
    if (!kept.has(name)) delete global[name];
  }
  Object.freeze(global);
});
