// Takes from the global object and from JavaScript's own objects what expressions have no use for, and freezes
// everything that is left, so that no evaluation can leave a trace for the next one. What is left is listed: a new
// release of QuickJS may bring functions that no bounds are known for (native-bounds.js), or that begin a job which
// outlives an evaluation.
(function (kit) {
  "use strict";
  const global = globalThis;
  const { defineProperty } = kit;
  const { freeze, getPrototypeOf, getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
  const { ownKeys } = Reflect;

  const ERRORS = "EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError";
  const VIEWS =
    "Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array " +
    "BigUint64Array Float32Array Float64Array";
  const GLOBALS =
    "Object Array String Number Boolean Date RegExp Math JSON Map Set WeakMap WeakSet Symbol BigInt Error " +
    `ArrayBuffer DataView ${ERRORS} ${VIEWS} parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI ` +
    "decodeURIComponent Infinity NaN undefined";
  // The properties that stay, symbols with an @; a function has `length`, `name` and `prototype` besides.
  const KEPT = `
Object create getPrototypeOf getOwnPropertyNames getOwnPropertySymbols groupBy keys values entries isExtensible preventExtensions getOwnPropertyDescriptor getOwnPropertyDescriptors is assign seal freeze isSealed isFrozen fromEntries hasOwn
Object.prototype toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable constructor
Function.prototype call apply bind toString constructor @hasInstance
Array isArray from of @species
Array.prototype at with concat every some forEach map filter reduce reduceRight fill find findIndex findLast findLastIndex indexOf lastIndexOf includes join toString toLocaleString pop push shift unshift reverse toReversed sort toSorted slice splice toSpliced copyWithin flatMap flat values keys entries constructor @iterator
String fromCharCode fromCodePoint raw
String.prototype at charCodeAt charAt concat codePointAt isWellFormed toWellFormed indexOf lastIndexOf includes endsWith startsWith match matchAll search split substring substr slice repeat replace replaceAll padEnd padStart trim trimEnd trimRight trimStart trimLeft toString valueOf localeCompare normalize toLowerCase toUpperCase toLocaleLowerCase toLocaleUpperCase anchor big blink bold fixed fontcolor fontsize italics link small strike sub sup constructor @iterator
Number parseInt parseFloat isNaN isFinite isInteger isSafeInteger MAX_VALUE MIN_VALUE EPSILON MAX_SAFE_INTEGER MIN_SAFE_INTEGER NaN NEGATIVE_INFINITY POSITIVE_INFINITY
Number.prototype toExponential toFixed toPrecision toString toLocaleString valueOf constructor
Boolean.prototype toString valueOf constructor
Date now parse UTC
Date.prototype valueOf toString toUTCString toGMTString toISOString toDateString toTimeString toLocaleString toLocaleDateString toLocaleTimeString getTimezoneOffset getTime getYear getFullYear getUTCFullYear getMonth getUTCMonth getDate getUTCDate getHours getUTCHours getMinutes getUTCMinutes getSeconds getUTCSeconds getMilliseconds getUTCMilliseconds getDay getUTCDay setTime setMilliseconds setUTCMilliseconds setSeconds setUTCSeconds setMinutes setUTCMinutes setHours setUTCHours setDate setUTCDate setMonth setUTCMonth setYear setFullYear setUTCFullYear toJSON constructor @toPrimitive
RegExp escape @species
RegExp.prototype flags source global ignoreCase multiline dotAll unicode unicodeSets sticky hasIndices exec test toString constructor @replace @match @matchAll @search @split
Math min max abs floor ceil round sqrt acos asin atan atan2 cos exp log pow sin tan trunc sign cosh sinh tanh acosh asinh atanh expm1 log1p log2 log10 cbrt hypot random f16round fround imul clz32 sumPrecise E LN10 LN2 LOG2E LOG10E PI SQRT1_2 SQRT2 @toStringTag
JSON isRawJSON parse rawJSON stringify @toStringTag
Map groupBy @species
Map.prototype set get getOrInsert getOrInsertComputed has delete clear size forEach values keys entries constructor @iterator @toStringTag
Set @species
Set.prototype add has delete clear size forEach isDisjointFrom isSubsetOf isSupersetOf intersection difference symmetricDifference union values keys entries constructor @iterator @toStringTag
WeakMap.prototype set get getOrInsert getOrInsertComputed has delete constructor @toStringTag
WeakSet.prototype add has delete constructor @toStringTag
Symbol for keyFor toPrimitive iterator match matchAll replace search split toStringTag isConcatSpreadable hasInstance species unscopables asyncIterator dispose asyncDispose
Symbol.prototype toString valueOf description constructor @toPrimitive @toStringTag
BigInt asUintN asIntN
BigInt.prototype toString toLocaleString valueOf constructor @toStringTag
Error isError
Error.prototype toString name message stack constructor
ArrayBuffer isView @species
ArrayBuffer.prototype byteLength maxByteLength resizable detached immutable resize slice sliceToImmutable transfer transferToImmutable transferToFixedLength constructor @toStringTag
DataView.prototype buffer byteLength byteOffset getInt8 getUint8 getInt16 getUint16 getInt32 getUint32 getBigInt64 getBigUint64 getFloat16 getFloat32 getFloat64 setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setBigInt64 setBigUint64 setFloat16 setFloat32 setFloat64 constructor @toStringTag
Iterator.prototype chunks filter flatMap map take windows every find forEach some includes join reduce toArray @dispose @iterator @toStringTag
View from of @species
View.prototype length at with buffer byteLength byteOffset set values keys entries copyWithin every some forEach map filter reduce reduceRight fill find findIndex findLast findLastIndex reverse toReversed slice subarray sort toSorted join toLocaleString indexOf lastIndexOf includes constructor toString @iterator @toStringTag
Uint8Array BYTES_PER_ELEMENT fromBase64 fromHex
Uint8Array.prototype BYTES_PER_ELEMENT constructor toBase64 toHex setFromBase64 setFromHex
Generators prototype constructor @toStringTag
Generators.prototype next return throw constructor @toStringTag`;

  // Constructors that compile code are the one way to text that becomes code.
  const refuse = function () {
    throw new TypeError("Code cannot be made from text here");
  };
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const prototype of functions.map(getPrototypeOf)) defineProperty(prototype, "constructor", { value: refuse });
  // Objects without a name. What asynchronous functions give has no properties left.
  const iterators = [
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    new Map().keys(),
    new Set().keys(),
    "".matchAll(/./g),
    [].values().map((x) => x),
    Iterator.from({ next() {} }),
  ].map(getPrototypeOf);
  const unnamed = { View: getPrototypeOf(Uint8Array), Generators: getPrototypeOf(functions[1]) };

  const kept = new WeakMap();
  const keep = (object, names) => {
    const wanted = { __proto__: null, length: true, name: true, prototype: true };
    for (const name of names) wanted[name] = true;
    kept.set(object, wanted);
  };
  for (const line of KEPT.slice(1).split("\n")) {
    const names = line.split(" ");
    const [first, second] = names[0].split(".");
    const object = unnamed[first] ?? global[first];
    keep(second === undefined ? object : object[second], names);
  }
  for (const name of `${ERRORS} InternalError`.split(" ")) keep(global[name].prototype, ["message", "constructor"]);
  for (const name of VIEWS.split(" ")) {
    if (name === "Uint8Array") continue;
    keep(global[name], ["BYTES_PER_ELEMENT"]);
    keep(global[name].prototype, ["BYTES_PER_ELEMENT", "constructor"]);
  }
  for (const iterator of iterators) keep(iterator, ["next", "return", "@toStringTag"]);

  // A frozen prototype would forbid an object to have a `toString` of its own; an accessor allows it. The walk below does
  // not come upon what the accessor gives, so that is frozen here.
  const behindAccessors = [];
  function openToOverrides(prototype, keys) {
    for (const key of keys) {
      const value = prototype[key];
      if (typeof value === "function") behindAccessors.push(value);
      defineProperty(prototype, key, {
        get() {
          return value;
        },
        set(own) {
          if (this === prototype) throw new TypeError(`${key} of a built-in cannot be changed`);
          defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
        },
        configurable: false,
        enumerable: false,
      });
    }
  }
  const overridden = "toString toLocaleString valueOf hasOwnProperty constructor isPrototypeOf";
  openToOverrides(Object.prototype, overridden.split(" "));
  openToOverrides(Array.prototype, ["toString"]);
  openToOverrides(Function.prototype, ["toString"]);
  openToOverrides(Date.prototype, ["toString", "toJSON"]);
  for (const name of `Error ${ERRORS}`.split(" ")) openToOverrides(global[name].prototype, ["name", "message"]);

  const stays = { __proto__: null };
  for (const name of GLOBALS.split(" ")) stays[name] = true;
  const waiting = [InternalError.prototype, refuse, ...functions, ...iterators, ...behindAccessors];
  for (const name of getOwnPropertyNames(global)) {
    if (!stays[name]) delete global[name];
    else if (typeof global[name] === "object" || typeof global[name] === "function") waiting.push(global[name]);
  }
  const nothing = { __proto__: null, length: true, name: true, prototype: true };
  const seen = kit.natives;
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (value === null || value === global || seen.has(value)) continue;
    seen.add(value);
    if (typeof value === "function" && value.prototype === undefined && !kept.has(value)) {
      freeze(value); // a method, which has nothing but its length and name
      continue;
    }
    const names = kept.get(value) ?? nothing;
    waiting.push(getPrototypeOf(value));
    for (const key of ownKeys(value)) {
      if (names[typeof key === "symbol" ? `@${key.description.slice(7)}` : key] !== true) {
        delete value[key];
        continue;
      }
      const property = getOwnPropertyDescriptor(value, key);
      const inner = property.value;
      if (typeof inner === "object" || typeof inner === "function") waiting.push(inner);
      else if (inner === undefined) {
        if (property.get) waiting.push(property.get);
        if (property.set) waiting.push(property.set);
      }
    }
    freeze(value);
  }
  freeze(global);
});
