// Built-in methods that call each other, or whose work is the product of what they are given, look at the clock (kit.tick),
// which QuickJS does not do within them; an author's own calls, loops and operators do so by themselves (ticks.py). Runs
// after the other native*.js, before harden.js.
(function (kit) {
  "use strict";
  const { tick, isArray } = kit;
  const LONG = 1000;
  const { apply, construct, ownKeys } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor: describe, getPrototypeOf } = Object;
  const call = Function.prototype.call;
  const bound = (native) => call.bind(native);
  const put = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  function replace(object, name, instead) {
    defineProperty(instead, "length", { value: object[name].length });
    defineProperty(instead, "name", { value: object[name].name });
    put(object, name, instead);
  }
  const present = (object, names) => names.split(" ").filter((name) => name in object);

  // A built-in function that another one calls, for every element or to get at a value: nothing in between is counted.
  // harden.js, which visits them all, fills the set.
  const natives = new WeakSet();
  const ticking = (native) =>
    function (...args) {
      tick();
      return new.target === undefined ? apply(native, this, args) : construct(native, args);
    };
  const calledBack = (value) => (typeof value === "function" && natives.has(value) ? ticking(value) : value);
  const bind = Function.prototype.bind;
  replace(Function.prototype, "bind", {
    bind(...args) {
      return apply(bind, calledBack(this), args);
    },
  }.bind);
  // Methods that call their first argument, and others of which it is the second.
  function meterCalls(object, names) {
    for (const name of present(object, names)) {
      const native = object[name];
      replace(object, name, {
        call(change, that) {
          return native.call(this, natives.has(change) ? ticking(change) : change, that);
        },
      }.call);
    }
  }
  // Those for which it matters whether there is a second argument.
  function meterReductions(object) {
    for (const name of present(object, "reduce reduceRight")) {
      const native = object[name];
      replace(object, name, {
        call(change, ...initial) {
          return native.call(this, natives.has(change) ? ticking(change) : change, ...initial);
        },
      }.call);
    }
  }
  function meterMaps(object, names) {
    for (const name of present(object, names)) {
      const native = object[name];
      replace(object, name, {
        call(list, change, that) {
          return native.call(this, list, calledBack(change), that);
        },
      }.call);
    }
  }
  function meter(object, names) {
    for (const name of present(object, names)) {
      const native = object[name];
      replace(object, name, {
        call(...args) {
          tick();
          return apply(native, this, args);
        },
      }.call);
    }
  }

  // Searching a long text for a long one takes the product of both. Here a candidate is found by the beginning of what is
  // looked for and then compared as a whole.
  const texts = String.prototype;
  const { indexOf, lastIndexOf, slice, split, replace: replaceOne, replaceAll, includes } = texts;
  const [index, lastIndex, cut] = [indexOf, lastIndexOf, slice].map(bound);
  const BEGINNING = 16;
  const isSlow = (text, sought) => typeof text === "string" && text.length > LONG && sought.length > 64;
  function find(text, sought, from) {
    const beginning = cut(sought, 0, BEGINNING);
    const last = text.length - sought.length;
    for (let at = index(text, beginning, from); at >= 0 && at <= last; at = index(text, beginning, at + 1)) {
      if (cut(text, at, at + sought.length) === sought) return at;
      tick();
    }
    return -1;
  }
  function findLast(text, sought, from) {
    const beginning = cut(sought, 0, BEGINNING);
    const start = Math.min(from, text.length - sought.length);
    for (let at = start < 0 ? -1 : lastIndex(text, beginning, start); at >= 0; ) {
      if (cut(text, at, at + sought.length) === sought) return at;
      tick();
      at = at === 0 ? -1 : lastIndex(text, beginning, at - 1);
    }
    return -1;
  }
  const position = (value) => Math.min(Math.max(Math.trunc(+value) || 0, 0), 2 ** 31);
  replace(texts, "indexOf", {
    indexOf(sought, from) {
      return typeof sought === "string" && isSlow(this, sought) ? find(this, sought, position(from)) : indexOf.call(this, sought, from);
    },
  }.indexOf);
  replace(texts, "includes", {
    includes(sought, from) {
      return typeof sought === "string" && isSlow(this, sought) ? find(this, sought, position(from)) >= 0 : includes.call(this, sought, from);
    },
  }.includes);
  replace(texts, "lastIndexOf", {
    lastIndexOf(sought, from) {
      if (typeof sought !== "string" || !isSlow(this, sought)) return lastIndexOf.call(this, sought, from);
      return findLast(this, sought, +from === +from ? position(from) : Infinity);
    },
  }.lastIndexOf);
  replace(texts, "split", {
    split(sought, limit) {
      if (typeof sought !== "string" || !isSlow(this, sought)) return split.call(this, sought, limit);
      const parts = [];
      let at = 0;
      for (let next = find(this, sought, 0); next >= 0; next = find(this, sought, at)) {
        parts.push(cut(this, at, next));
        at = next + sought.length;
      }
      parts.push(cut(this, at));
      return parts.slice(0, limit === undefined ? 2 ** 32 - 1 : limit >>> 0);
    },
  }.split);
  // The text with what was found replaced, each match by the method itself in a text that is the match and no more.
  function replaced(text, sought, by, all) {
    const parts = [];
    let at = 0;
    for (let next = find(text, sought, 0); next >= 0; next = all ? find(text, sought, at) : -1) {
      const place = next;
      const made = typeof by === "function" ? `${by(sought, place, text)}` : `${by}`;
      const plain = typeof by === "function" || index(made, "$") < 0;
      parts.push(cut(text, at, place), plain ? made : replaceOne.call(sought, sought, made));
      at = place + sought.length;
    }
    parts.push(cut(text, at));
    return parts.join("");
  }
  replace(texts, "replace", {
    replace(sought, by) {
      return typeof sought === "string" && isSlow(this, sought) ? replaced(this, sought, by, false) : replaceOne.call(this, sought, typeof by === "function" ? calledBack(by) : by);
    },
  }.replace);
  replace(texts, "replaceAll", {
    replaceAll(sought, by) {
      return typeof sought === "string" && isSlow(this, sought) ? replaced(this, sought, by, true) : replaceAll.call(this, sought, typeof by === "function" ? calledBack(by) : by);
    },
  }.replaceAll);

  // Lists whose elements are long texts or numbers: whatever compares or spells them looks at the clock for each.
  const arrays = Array.prototype;
  const costly = (value) => typeof value === "bigint" || (typeof value === "string" && value.length > LONG);
  for (const name of ["indexOf", "includes", "lastIndexOf"]) {
    const native = arrays[name];
    const step = name === "lastIndexOf" ? -1 : 1;
    replace(arrays, name, {
      call(...args) {
        tick();
        const [sought] = args;
        if (!isArray(this) || args.length !== 1 || !costly(sought)) return apply(native, this, args);
        for (let i = step < 0 ? this.length - 1 : 0; i >= 0 && i < this.length; i += step) {
          tick();
          if (this[i] === sought) return name === "includes" ? true : i;
        }
        return name === "includes" ? false : -1;
      },
    }.call);
  }
  const [every, map] = [bound(arrays.every), bound(arrays.map)];
  const isPlain = (value) => typeof value === "number" || (typeof value === "string" && value.length <= LONG);
  const ordered = (a, b) => {
    tick();
    const [left, right] = [`${a}`, `${b}`];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  for (const name of ["sort", "toSorted"]) {
    const native = arrays[name];
    replace(arrays, name, {
      call(compare) {
        tick();
        const byText = compare === undefined && isArray(this) && !every(this, isPlain);
        return native.call(this, byText ? ordered : calledBack(compare));
      },
    }.call);
  }
  const join = arrays.join;
  const MOST = 2 ** 23; // longer ones are refused (native-loops.js)
  const spelt = (value) => (tick(), value === null || value === undefined ? "" : `${value}`);
  replace(arrays, "join", {
    join(separator) {
      if (isArray(this) && this.length > 1 && this.length <= MOST) {
        for (let i = 0; i < this.length; i++) {
          const kind = typeof this[i];
          if (kind === "object" || kind === "bigint") return join.call(map(this, spelt), separator);
        }
      }
      return join.call(this, separator);
    },
  }.join);
  const CALLERS = "map filter forEach some every find findIndex findLast findLastIndex flatMap";
  meterCalls(arrays, CALLERS);
  meterReductions(arrays);
  meterMaps(Array, "from");
  meter(arrays, "concat splice shift unshift flat copyWithin fill reverse toReversed toSpliced with");
  const typed = getPrototypeOf(Uint8Array.prototype);
  meterCalls(typed, `${CALLERS} sort toSorted`);
  meterReductions(typed);
  meter(typed, "copyWithin fill includes indexOf join lastIndexOf reverse set slice toLocaleString toReversed with");
  meterMaps(getPrototypeOf(Uint8Array), "from");
  meterCalls(Iterator.prototype, CALLERS);
  meterReductions(Iterator.prototype);
  meterMaps(Object, "groupBy");
  meterMaps(Map, "groupBy");
  for (const type of [Map, Set]) {
    meterCalls(type.prototype, "forEach");
    meterMaps(type.prototype, "getOrInsertComputed");
    // `new Set(list)` calls these for every element.
    meter(type.prototype, "add set difference intersection isDisjointFrom isSubsetOf isSupersetOf symmetricDifference union");
  }

  // With a function that looks at every value QuickJS looks at the clock as well.
  const { stringify, parse } = JSON;
  const unchanged = (_key, value) => (tick(), value);
  replace(JSON, "stringify", {
    stringify(value, how, space) {
      if (value === null || typeof value !== "object") return stringify(value, calledBack(how), space);
      return stringify(value, isArray(how) || typeof how === "function" ? calledBack(how) : unchanged, space);
    },
  }.stringify);
  replace(JSON, "parse", {
    parse(text, revive) {
      tick();
      return parse(text, calledBack(revive));
    },
  }.parse);

  // Regular expressions. QuickJS looks at the clock once in ten thousand steps: one that compares a group with a long text
  // takes long, and so does reading a pattern full of Unicode classes.
  const LONG_PATTERN = 10000;
  const MAX_PATTERN = 1000000;
  const LONG_TEXT = 20000;
  const NativeRegExp = RegExp;
  const exec = NativeRegExp.prototype.exec;
  const refersBack = bound(NativeRegExp.prototype.test).bind(undefined, /\\(?:[1-9]|k<)/);
  const sourceOf = bound(describe(NativeRegExp.prototype, "source").get);
  function guarded(text) {
    const searched = `${text}`;
    if (searched.length > LONG_TEXT) kit.outOfMemory();
    return exec.call(this, searched);
  }
  // A regular expression, guarded where it refers back to a group.
  kit.regex = (regex) =>
    refersBack(sourceOf(regex)) ? defineProperty(regex, "exec", { value: guarded, writable: false }) : regex;
  const made = function RegExp(pattern, flags) {
    if (new.target === undefined && pattern instanceof NativeRegExp && flags === undefined) return pattern;
    if (typeof pattern === "string" && pattern.length > LONG_PATTERN) {
      tick();
      const classes = index(pattern, "\\p") >= 0 || index(pattern, "\\P") >= 0;
      if (classes || pattern.length > MAX_PATTERN) kit.outOfMemory();
    }
    const target = new.target === undefined || new.target === made ? NativeRegExp : new.target;
    return kit.regex(construct(NativeRegExp, [pattern, flags], target));
  };
  for (const key of ownKeys(NativeRegExp)) defineProperty(made, key, describe(NativeRegExp, key));
  put(NativeRegExp.prototype, "constructor", made);
  put(globalThis, "RegExp", made);
  delete NativeRegExp.prototype.compile;

  // A function's text is what its author wrote, without the ticks.
  const MARK = "/*\x01*/";
  const spell = Function.prototype.toString;
  replace(Function.prototype, "toString", {
    toString() {
      const text = spell.call(this);
      if (index(text, MARK) < 0) return text;
      const pieces = split.call(text, MARK);
      return join.call(
        pieces.filter((_, i) => i % 2 === 0),
        "",
      );
    },
  }.toString);
  kit.natives = natives;
});
