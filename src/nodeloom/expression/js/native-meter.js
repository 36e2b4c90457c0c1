// Built-in methods whose work grows with what they are given look at the clock (kit.tick) when that is large, and so does
// each call that a built-in method makes to another one: QuickJS does neither (see ticks.py). Searching a long text for a
// long one, which takes the product of both, is done in steps. Runs after the other native*.js, before harden.js.
(function (kit) {
  "use strict";
  const { tick, isArray } = kit;
  const LONG = 1000;
  const { apply, construct, ownKeys } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor: describe, getPrototypeOf } = Object;
  const { isView } = ArrayBuffer;
  const call = Function.prototype.call;
  const bound = (native) => call.bind(native);
  const natives = new WeakSet();
  const isNative = bound(natives.has).bind(undefined, natives);
  const put = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });

  function isLarge(value) {
    switch (typeof value) {
      case "string":
        return value.length > LONG;
      case "object":
        return value !== null && (isArray(value) || isView(value)) && !(value.length <= LONG);
      case "bigint":
        return true;
      default:
        return false;
    }
  }
  // A built-in method as another one's callback: the loop between them has no jumps that QuickJS counts.
  const calledBack = (native) =>
    function (...args) {
      tick();
      return apply(native, this, args);
    };
  function named(object, name, native, metered) {
    defineProperty(metered, "length", { value: native.length });
    defineProperty(metered, "name", { value: native.name });
    put(object, name, metered);
  }
  // Makes `name` of `object` look at the clock; `instead` does the work, or the built-in method itself.
  function meter(object, name, instead = object[name]) {
    const { [name]: metered } = {
      [name](...args) {
        if (isLarge(this) || isLarge(args[0]) || isLarge(args[1])) tick();
        return apply(instead, this, args);
      },
    };
    named(object, name, object[name], metered);
  }
  // The same for a method that calls its first argument for every element.
  function meterCalls(object, name) {
    const native = object[name];
    const { [name]: metered } = {
      [name](...args) {
        tick();
        for (let i = 0; i < args.length && i < 2; i++) {
          if (typeof args[i] === "function" && isNative(args[i])) args[i] = calledBack(args[i]);
        }
        return apply(native, this, args);
      },
    };
    named(object, name, native, metered);
  }
  const names = (text, object) => text.split(" ").filter((name) => name in object);
  const each = (object, text) => names(text, object).forEach((name) => meter(object, name));
  const eachCalls = (object, text) => names(text, object).forEach((name) => meterCalls(object, name));

  // Searching. A candidate is found by the beginning of what is looked for, then compared as a whole.
  const texts = String.prototype;
  const [indexOf, lastIndexOf, slice] = [texts.indexOf, texts.lastIndexOf, texts.slice].map(bound);
  const BEGINNING = 16;
  const isSlow = (text, sought) => sought.length > BEGINNING && text.length > LONG && sought.length > 64;
  function find(text, sought, from) {
    if (!isSlow(text, sought)) return indexOf(text, sought, from);
    const beginning = slice(sought, 0, BEGINNING);
    const last = text.length - sought.length;
    for (let at = indexOf(text, beginning, from); at >= 0 && at <= last; at = indexOf(text, beginning, at + 1)) {
      if (slice(text, at, at + sought.length) === sought) return at;
      tick();
    }
    return -1;
  }
  function findLast(text, sought, from) {
    if (!isSlow(text, sought)) return lastIndexOf(text, sought, from);
    const beginning = slice(sought, 0, BEGINNING);
    const start = Math.min(from, text.length - sought.length);
    for (let at = lastIndexOf(text, beginning, start); at >= 0 && start >= 0; at = lastIndexOf(text, beginning, at - 1)) {
      if (slice(text, at, at + sought.length) === sought) return at;
      tick();
      if (at === 0) break;
    }
    return -1;
  }
  const areTexts = (text, sought) => typeof text === "string" && typeof sought === "string";
  const position = (value) => Math.min(Math.max(Math.trunc(+value) || 0, 0), 2 ** 31);
  const search = (name, find) => {
    const native = texts[name];
    meter(texts, name, function (...args) {
      return areTexts(this, args[0]) && isSlow(this, args[0]) ? find(this, args) : apply(native, this, args);
    });
  };
  search("indexOf", (text, [sought, from]) => find(text, sought, position(from)));
  search("includes", (text, [sought, from]) => find(text, sought, position(from)) >= 0);
  search("lastIndexOf", (text, [sought, from]) => findLast(text, sought, +from === +from ? position(from) : Infinity));
  search("split", (text, [sought, limit]) => {
    const most = limit === undefined ? 2 ** 32 - 1 : limit >>> 0;
    const parts = [];
    let at = 0;
    for (let next = find(text, sought, 0); next >= 0; next = find(text, sought, at)) {
      parts.push(slice(text, at, next));
      at = next + sought.length;
    }
    parts.push(slice(text, at));
    return parts.slice(0, most);
  });
  const natively = { replace: texts.replace, replaceAll: texts.replaceAll };
  for (const name of ["replace", "replaceAll"]) {
    // Each match is replaced by the method itself, in a text that is the match and no more.
    search(name, (text, [sought, by]) => {
      const parts = [];
      let at = 0;
      for (let next = find(text, sought, 0); next >= 0; next = name === "replace" ? -1 : find(text, sought, at)) {
        const place = next;
        const found = typeof by === "function" ? `${by(sought, place, text)}` : `${by}`;
        const plain = typeof by === "function" || indexOf(found, "$") < 0;
        parts.push(slice(text, at, place), plain ? found : apply(natively.replace, sought, [sought, found]));
        at = place + sought.length;
      }
      parts.push(slice(text, at));
      return parts.join("");
    });
  }
  each(
    texts,
    "concat startsWith endsWith isWellFormed toWellFormed match matchAll search normalize padEnd padStart repeat " +
      "substring substr toLowerCase toUpperCase toLocaleLowerCase toLocaleUpperCase trim trimEnd trimStart localeCompare " +
      "anchor big blink bold fixed fontcolor fontsize italics link small strike sub sup",
  );
  put(texts, "trimLeft", texts.trimStart);
  put(texts, "trimRight", texts.trimEnd);
  each(String, "raw fromCharCode fromCodePoint");

  // Lists. An element may be a long text or number itself, so what compares or spells them looks at the clock for each.
  const arrays = Array.prototype;
  const costly = (value) => typeof value === "bigint" || (typeof value === "string" && value.length > LONG);
  for (const name of ["indexOf", "includes", "lastIndexOf"]) {
    const native = arrays[name];
    const same = name === "includes" ? (a, b) => a === b || (a !== a && b !== b) : (a, b) => a === b;
    meter(arrays, name, function (...args) {
      if (!isArray(this) || args.length !== 1 || !costly(args[0])) return apply(native, this, args);
      const [sought] = args;
      const step = name === "lastIndexOf" ? -1 : 1;
      for (let i = step < 0 ? this.length - 1 : 0; i >= 0 && i < this.length; i += step) {
        tick();
        if (same(this[i], sought)) return name === "includes" ? true : i;
      }
      return name === "includes" ? false : -1;
    });
  }
  const ordered = (a, b) => {
    tick();
    const [left, right] = [`${a}`, `${b}`];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  const every = bound(arrays.every);
  const isPlain = (value) => typeof value === "number" || (typeof value === "string" && value.length <= LONG);
  for (const name of ["sort", "toSorted"]) {
    const native = arrays[name];
    meter(arrays, name, function (...args) {
      if (args.length === 0 || args[0] === undefined) {
        if (isArray(this) && !every(this, isPlain)) args = [ordered];
      } else if (isNative(args[0])) args[0] = calledBack(args[0]);
      return apply(native, this, args);
    });
  }
  const [join, map] = [arrays.join, bound(arrays.map)];
  const spelt = (value) => (tick(), value === null || value === undefined ? "" : `${value}`);
  meter(arrays, "join", function (...args) {
    const list = isArray(this) && this.length > 1 ? this : [];
    for (let i = 0; i < list.length && i < LONG; i++) {
      if (typeof list[i] === "object" || typeof list[i] === "bigint") {
        // Spelt one after the other.
        return apply(join, map(this, spelt), args);
      }
    }
    return apply(join, this, args);
  });
  each(arrays, "slice concat splice shift unshift flat copyWithin fill reverse toReversed toSpliced with");
  const CALLERS = "map filter forEach some every find findIndex findLast findLastIndex reduce reduceRight flatMap";
  eachCalls(arrays, CALLERS);
  eachCalls(Array, "from");
  each(Array, "of");
  const typed = getPrototypeOf(Uint8Array.prototype);
  eachCalls(typed, `${CALLERS} sort toSorted`);
  each(
    typed,
    "copyWithin fill includes indexOf join lastIndexOf reverse set slice subarray toLocaleString toReversed with",
  );
  eachCalls(getPrototypeOf(Uint8Array), "from");
  each(getPrototypeOf(Uint8Array), "of");
  each(ArrayBuffer.prototype, "slice resize transfer transferToFixedLength");
  eachCalls(Iterator.prototype, CALLERS);

  // Objects, maps, sets.
  each(
    Object,
    "assign entries freeze fromEntries getOwnPropertyNames getOwnPropertySymbols getOwnPropertyDescriptors hasOwn " +
      "is isFrozen isSealed keys preventExtensions seal values defineProperties create",
  );
  eachCalls(Object, "groupBy");
  each(Object.prototype, "hasOwnProperty propertyIsEnumerable isPrototypeOf");
  for (const type of [Map, Set]) {
    eachCalls(type, "groupBy");
    eachCalls(type.prototype, "forEach getOrInsertComputed");
    each(
      type.prototype,
      "add clear delete difference get getOrInsert has intersection isDisjointFrom isSubsetOf isSupersetOf set " +
        "symmetricDifference union",
    );
  }
  each(Symbol, "for");

  // Text from data. With a function to look at every value, QuickJS looks at the clock as well.
  const { stringify, parse } = JSON;
  const unchanged = (_key, value) => value;
  meter(JSON, "stringify", function (value, how, space) {
    if (value === null || typeof value !== "object") return stringify(value, how, space);
    return stringify(value, isArray(how) ? how : typeof how !== "function" ? unchanged : isNative(how) ? calledBack(how) : how, space);
  });
  meter(JSON, "parse", (text, revive) => parse(text, typeof revive === "function" && isNative(revive) ? calledBack(revive) : revive));

  // Regular expressions. QuickJS looks at the clock once in ten thousand steps; a step that compares a group with a long
  // text, or that reads a class of a pattern full of them, takes long.
  const LONG_PATTERN = 10000;
  const MAX_PATTERN = 1000000;
  const hasBackReference = /\\(?:[1-9]|k<)/;
  const test = bound(RegExp.prototype.test);
  const sources = describe(RegExp.prototype, "source").get;
  for (const name of ["exec", "test", Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split]) {
    const native = RegExp.prototype[name];
    put(
      RegExp.prototype,
      name,
      {
        [name](...args) {
          const text = args[0];
          if (typeof text === "string" && text.length > LONG) {
            tick();
            if (text.length > 20000 && test(hasBackReference, call.call(sources, this))) kit.outOfMemory();
          }
          return apply(native, this, args);
        },
      }[name],
    );
    defineProperty(RegExp.prototype[name], "length", { value: native.length });
  }

  // Functions that spell or read a number: a text of millions of digits takes a quarter of a second.
  each(Math, Object.getOwnPropertyNames(Math).filter((name) => typeof Math[name] === "function").join(" "));
  each(globalThis, "isNaN isFinite parseFloat parseInt encodeURI encodeURIComponent decodeURI decodeURIComponent");
  put(Number, "parseFloat", parseFloat);
  put(Number, "parseInt", parseInt);
  each(BigInt, "asIntN asUintN");
  each(BigInt.prototype, "toString toLocaleString");
  function constructor(native, check) {
    const made = function (...args) {
      check(args);
      if (new.target === undefined) return apply(native, undefined, args);
      return construct(native, args, new.target === made ? native : new.target);
    };
    for (const key of ownKeys(native)) defineProperty(made, key, describe(native, key));
    put(native.prototype, "constructor", made);
    put(globalThis, native.name, made);
  }
  const looks = ([value]) => {
    if (isLarge(value)) tick();
  };
  for (const native of [Number, String, BigInt]) constructor(native, looks);
  constructor(RegExp, ([pattern]) => {
    if (typeof pattern !== "string" || pattern.length <= LONG_PATTERN) return;
    tick();
    if (pattern.length > MAX_PATTERN || indexOf(pattern, "\\p") >= 0 || indexOf(pattern, "\\P") >= 0) kit.outOfMemory();
  });

  // A function's text is what its author wrote, without the ticks.
  const MARK = "/*\x01*/";
  const [spell, split] = [Function.prototype.toString, bound(texts.split)];
  const written = {
    toString() {
      const text = apply(spell, this, []);
      if (indexOf(text, MARK) < 0) return text;
      return join.call(
        split(text, MARK).filter((_, i) => i % 2 === 0),
        "",
      );
    },
  }.toString;
  put(Function.prototype, "toString", written);
  const bind = Function.prototype.bind;
  put(
    Function.prototype,
    "bind",
    {
      bind(...args) {
        const made = apply(bind, this, args);
        natives.add(made);
        return made;
      },
    }.bind,
  );

  // What is a built-in function: all that can be reached from here.
  const seen = new WeakSet();
  const waiting = Object.getOwnPropertyNames(globalThis).map((name) => globalThis[name]);
  while (waiting.length) {
    const value = waiting.pop();
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) continue;
    seen.add(value);
    if (typeof value === "function") natives.add(value);
    for (const key of ownKeys(value)) {
      const { value: inner, get, set } = describe(value, key);
      waiting.push(inner, get, set);
    }
  }
});
