// How much built-in functions may be given. QuickJS looks at its clock once in ten thousand calls and jumps back, and
// never within a built-in function. So a built-in function that is replaced here does one of three things: it says how
// much it is about to do (`spend`), it does its loop in JavaScript, or it refuses what would take longer than a tenth
// of a second. Texts and lists of data, up to the 16 MB an item may have, are never refused where the work grows with
// their length only. tests/expression/natives.txt says for every function which of the three holds. Runs before all
// other native-*.js.
(function (kit) {
  "use strict";
  const { tick, isArray, fail } = kit;
  const { apply, construct } = Reflect;
  const { defineProperty, getPrototypeOf } = Object;
  const { trunc, min, random } = Math;
  const arrays = Array.prototype;

  const LONG = 1000; // what is shorter takes a few microseconds, whatever is done with it
  const MOST = 2 ** 20; // elements that a loop inside QuickJS may visit
  const MOST_DENSE = 2 ** 23; // the same where all of them are there: 16 MB of JSON hold no more
  const MOST_TEXT = 2 ** 24; // characters that an item may have
  const MOST_JOINED = 2 ** 26; // characters that are put together at once; memory ends sooner
  const WORK = 100000; // characters or elements, about a millisecond of work

  const put = (object, name, value) =>
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  function replace(object, name, instead) {
    const native = object[name];
    defineProperty(instead, "length", { value: native.length });
    defineProperty(instead, "name", { value: native.name });
    put(object, name, instead);
  }
  // Puts in place of a built-in function what `make` makes of it, for each of the names that there are.
  function change(object, names, make) {
    for (const name of names.split(" ")) if (name in object) replace(object, name, make(object[name], name));
  }

  let done = 0;
  // Looks at the clock once so much work was done, however many calls it took.
  function spend(work) {
    done += work;
    if (done < WORK) return;
    done = 0;
    tick();
  }
  const group = (number) => `${number}`.replace(/\B(?=(?:\d{3})+$)/g, ",");
  const tooLong = (name, length, most, what) =>
    fail(`${name}() takes no more than ${group(most)} ${what}; it was given ${group(length)}`);

  // Texts. What is no text yet becomes one before it is measured; a template literal would copy what is one.
  const spelt = (value) => (typeof value === "string" ? value : `${value}`);
  function textOf(value, name) {
    if (value === null || value === undefined) throw new TypeError(`${name}() cannot be called on ${value}`);
    const text = spelt(value);
    const { length } = text;
    if (length > LONG) {
      if (length > MOST_TEXT) tooLong(name, length, MOST_TEXT, "characters");
      spend(length);
    }
    return text;
  }

  // Lists. A loop inside QuickJS asks for each index, and an index that is not there is looked for in every prototype.
  // An author can make long chains of those, but cannot change the prototype of what exists.
  const isPlain = (list) => {
    if (!isArray(list)) return false;
    let prototype = getPrototypeOf(list);
    for (let i = 0; i < 4 && prototype !== null; i++) {
      if (prototype === arrays) return true;
      prototype = getPrototypeOf(prototype);
    }
    return false;
  };
  // The most frequent lists: nothing needs to be looked at.
  const isQuick = (list) => isArray(list) && list.length <= LONG && getPrototypeOf(list) === arrays;
  // Looks at some places of a long list, which its author cannot foresee.
  function isDense(list) {
    for (let i = 0; i < 64; i++) if (!(trunc(random() * list.length) in list)) return false;
    return true;
  }
  function checked(list, name, most = MOST_DENSE) {
    const { length } = list;
    if (length > LONG) {
      if (length > most || (length > MOST && !isDense(list))) tooLong(name, length, min(most, MOST), "elements");
      spend(length);
    }
    return list;
  }
  // A list of what only looks like one: it may have any length, and another each time it is asked.
  function copied(value, name) {
    if (value === null || value === undefined) throw new TypeError(`${name}() cannot be called on ${value}`);
    const from = Object(value);
    const length = min(trunc(+from.length) || 0, 2 ** 53 - 1);
    if (length > MOST) tooLong(name, length, MOST, "elements");
    const list = [];
    for (let i = 0; i < length; i++) {
      tick();
      if (i in from) list[i] = from[i];
    }
    if (length > 0) list.length = length;
    return list;
  }
  const listOf = (value, name, most) =>
    isQuick(value) ? value : isPlain(value) ? checked(value, name, most) : copied(value, name);

  // A built-in function that another one calls, for every element or to get at a value, looks at the clock each time:
  // what it is given may be a long text that it takes for a number. harden.js, which visits them all, fills the set.
  const natives = new WeakSet();
  const ticking = (native) =>
    function (...args) {
      tick();
      return new.target === undefined ? apply(native, this, args) : construct(native, args);
    };
  const calledBack = (value) => (typeof value === "function" && natives.has(value) ? ticking(value) : value);

  const uncurried = (native) => Function.prototype.call.bind(native);
  const { indexOf, lastIndexOf, slice } = String.prototype;

  kit.natives = natives;
  kit.bounds = {
    __proto__: null,
    LONG,
    MOST,
    MOST_TEXT,
    MOST_JOINED,
    put,
    replace,
    change,
    spend,
    spelt,
    tooLong,
    textOf,
    isPlain,
    isQuick,
    checked,
    copied,
    listOf,
    calledBack,
    ticking,
    uncurried,
    index: uncurried(indexOf),
    lastIndex: uncurried(lastIndexOf),
    cut: uncurried(slice),
  };
});
