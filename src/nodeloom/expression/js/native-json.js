// JSON, within bounds (native-bounds.js).
(function (kit) {
  "use strict";
  const { tick, isArray, fail } = kit;
  const { replace, spend, spelt, textOf, calledBack, checked, isPlain, copied } = kit.bounds;
  const { parse, stringify } = JSON;
  const LONG_TEXT = 40000; // so many characters hold no more names than can be compared with each other
  kit.bounds.parse = parse;
  // Reads a text, which nothing can stop but its own length.
  kit.parse = (text, revive) => {
    if (text.length > LONG_TEXT) {
      spend(text.length);
      if (kit.module("crowding").isCrowded(text))
        fail("The data has names that were made to slow its reader down: they share one place in its tables");
    }
    return parse(text, revive);
  };
  replace(JSON, "parse", {
    parse(text, revive) {
      return kit.parse(textOf(spelt(text), "parse"), calledBack(revive));
    },
  }.parse);

  // With a function that looks at every value QuickJS looks at the clock as well. A list of names becomes such a
  // function: QuickJS looks for each name among all before it, and then for all of them in every object.
  const unchanged = (_key, value) => {
    tick();
    return value === null || typeof value !== "object" || isArray(value) ? value : kit.uncrowded(value, "stringify");
  };
  function chosen(list) {
    const names = new Set();
    for (const name of isPlain(list) ? checked(list, "stringify") : copied(list, "stringify")) {
      if (typeof name === "string" || typeof name === "number" || isBoxed(name)) names.add(`${name}`);
    }
    return (_key, value) => {
      tick();
      if (value === null || typeof value !== "object" || isArray(value) || isBoxed(value) || isRaw(value)) return value;
      const picked = { __proto__: null };
      for (const name of names) {
        const inner = value[name];
        if (inner !== undefined) picked[name] = inner;
      }
      return picked;
    };
  }
  const isRaw = JSON.isRawJSON ?? (() => false);
  const isBoxed = (value) => [String, Number, Boolean].some((type) => value instanceof type);
  replace(JSON, "stringify", {
    stringify(value, how, space) {
      const isCalled = typeof how === "function";
      if (value === null || typeof value !== "object")
        return stringify(value, isCalled ? calledBack(how) : undefined, space);
      return stringify(value, isArray(how) ? chosen(how) : isCalled ? calledBack(how) : unchanged, space);
    },
  }.stringify);
});
