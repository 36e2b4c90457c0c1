// The ground of every engine: state, names, helpers, the way of values in and out. An expression reaches nothing of it
// but the seventeen helpers at the end, which are frozen, and what `name()` gives; the other modules of the package are
// given `kit`. Intrinsics are frozen by harden.js, which runs last.
// Called with the letters of results and values that Python gives (crossing.py and interpreter.py have them).
(function (globalObject, marks, tags) {
  "use strict";

  const { freeze, defineProperty, getPrototypeOf, keys: keysOf, create, prototype: objectPrototype } = Object;
  const describeProperty = Object.getOwnPropertyDescriptor;
  const { ownKeys } = Reflect;
  const { isArray, prototype: arrayPrototype } = Array;
  const { parse, stringify } = JSON;
  const MapOf = Map,
    SetOf = Set,
    ProxyOf = Proxy,
    NativeDate = Date,
    ErrorOf = Error,
    TypeErrorOf = TypeError;
  const InternalErrorOf = InternalError;
  const evaluate = globalObject.eval;
  const bind = Function.prototype.call.bind(Function.prototype.bind, Function.prototype.call);
  const dateValue = bind(Date.prototype.getTime);
  const join = bind(Array.prototype.join);
  const isWellFormed = bind(String.prototype.isWellFormed);
  const includes = bind(String.prototype.includes);
  const ownKey = bind(objectPrototype.hasOwnProperty);
  const errorText = bind(Error.prototype.toString);

  // Errors that are not swallowed (n8n: ExpressionError and ExpressionExtensionError).
  class ExpressionError extends Error {}
  defineProperty(ExpressionError.prototype, "name", { value: "ExpressionError" });
  class ExpressionExtensionError extends ExpressionError {}
  defineProperty(ExpressionExtensionError.prototype, "name", { value: "ExpressionExtensionError" });
  // What expressions can lay hands on and lasts longer than one of them; locked once the engine is complete.
  const lasting = [ExpressionError, ExpressionExtensionError];
  const fail = (message) => {
    throw new ExpressionError(message);
  };

  // QuickJS looks at the clock once in ten thousand jumps, so this makes so many, when it is about time.
  const clock = NativeDate.now;
  const TURN = 10; // milliseconds
  let due = 0;
  const tick = (value) => {
    if (due === 0) due = clock() + TURN;
    else if (clock() >= due) {
      for (let i = 0; i < 10000; i++);
      due = clock() + TURN;
    }
    return value;
  };

  // What Python gave, by kind and key, and which of it is let go together.
  const given = new MapOf();
  const levels = new MapOf();
  let memo = create(null); // values made during one run
  let wanted = null; // what a run asked Python for; its result does not count then
  let further = ""; // the further names of the scope
  let isPure = false; // whether the program that runs changes nothing of what it reads
  const modules = { __proto__: null };

  // The text Python has for `kind` and `key`. A run that asks for something new ends; Python answers and runs it again.
  function need(kind, key) {
    const text = given.get(kind + ":" + key);
    if (text !== undefined) return text;
    if (wanted === null) wanted = [];
    wanted.push([kind, key]);
    throw new ExpressionError("asking");
  }
  // As `need`, for what is cheap and harmless to ask too often: the run goes on with `instead`, so that it asks for all
  // at once.
  const foreseen = new SetOf();
  function needSoon(kind, key, instead) {
    const text = given.get(kind + ":" + key);
    if (text !== undefined) return text;
    if (foreseen.has(key) || foreseen.size >= 1000) need(kind, key);
    foreseen.add(key);
    if (wanted === null) wanted = [];
    wanted.push([kind, key]);
    return instead;
  }
  function once(name, make) {
    if (!(name in memo)) memo[name] = make();
    return memo[name];
  }
  const module_ = (name) => {
    if (!(name in modules)) need("module", name);
    return modules[name];
  };

  // Values that JSON does not have travel as {[TAG]: [kind, content]}.
  freeze(marks);
  freeze(tags);
  const TAG = tags.KEY;
  function revive(key, value) {
    if (value === null || typeof value !== "object" || !ownKey(value, TAG)) return value;
    const [kind, content] = value[TAG];
    if (kind === tags.DATE) return new NativeDate(content);
    if (kind === tags.DATETIME) return module_("datetime").DateTime.fromMillis(content[0], { zone: content[1] });
    if (kind === tags.NUMBER) return +content;
    if (kind === tags.OBJECT) return Object.fromEntries(content);
    return undefined;
  }
  const read = (text) => (text[0] === tags.TAGGED ? kit.parse(text.slice(1), revive) : kit.parse(text));

  // Data that more than one program may ask for. Each program has a copy of its own, so that it may change it; those
  // that change nothing of what they read share one from the second on. That one is frozen: who was thought to change
  // nothing, and does, changes nothing for others. Dates change though they are frozen, so data with dates is never
  // shared.
  function frozen(root) {
    const waiting = [root];
    const visit = (value) => {
      if (value !== null && typeof value === "object") waiting.push(value);
    };
    while (waiting.length) {
      const value = freeze(waiting.pop());
      if (isArray(value)) for (let i = 0; i < value.length; i++) visit(value[i]);
      else for (const key of keysOf(value)) visit(value[key]);
    }
    return root;
  }
  function source() {
    let content = "";
    let reads = 0;
    let copy = null;
    return {
      put(text) {
        content = text;
        reads = 0;
        copy = null;
      },
      keep(text) {
        if (text !== content) this.put(text);
      },
      get() {
        if (!isPure || content[0] === tags.TAGGED) return read(content);
        if (copy !== null) return copy;
        reads += 1;
        return reads === 1 ? read(content) : (copy = frozen(read(content)));
      },
    };
  }
  const item = { json: source(), rest: source(), index: 0, exists: true };

  // Results. Numbers and booleans go as they are, text with a letter before it that says what it is.
  const MAX_RESULT = 16 * 1024 * 1024;
  const refuse = (what) => fail(`The result is ${what}, which is not data`);
  const kinds = []; // modules add [test, kind, text] for their own classes
  function special(value) {
    if (value instanceof NativeDate) {
      const time = dateValue(value);
      return [tags.DATE, time === time ? time : null];
    }
    for (const [test, kind, text] of kinds) if (test(value)) return [kind, text(value)];
    return null;
  }
  // Spelling a number that is not whole takes up to 40 µs, so many of them are not left to QuickJS's own loop.
  const MANY_REALS = 1000;
  let reals = 0; // in what this run has packed
  const looking = (_key, value) => tick(value);
  function packedText(value) {
    const packed = pack(value, new SetOf());
    return reals > MANY_REALS ? stringify(packed, looking) : stringify(packed);
  }
  function pack(value, seen) {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (value === 0) return 1 / value < 0 ? { [TAG]: [tags.NUMBER, "-0"] } : 0;
        if (value - value !== 0) return { [TAG]: [tags.NUMBER, `${value}`] };
        if (value !== (value | 0)) reals += 1;
        return value;
      case "undefined":
        return { [TAG]: [tags.UNDEFINED] };
      case "bigint":
        return { [TAG]: [tags.BIGINT, `${tick(value)}`] };
      case "function":
        return refuse("a function");
      case "symbol":
        return refuse("a symbol");
    }
    if (value === null) return null;
    if (seen.has(value)) refuse("a circle of objects");
    const kind = getPrototypeOf(value);
    const tagged = kind === objectPrototype || kind === arrayPrototype ? null : special(value);
    if (tagged !== null) return { [TAG]: tagged };
    seen.add(value);
    let packed;
    if (isArray(value)) {
      packed = [];
      if (value.length > MAX_RESULT) throw new InternalErrorOf("out of memory");
      for (let i = 0; i < value.length; i++) packed[i] = pack(value[i], seen);
    } else {
      packed = plainObject(value, seen);
    }
    seen.delete(value);
    return packed;
  }
  function plainObject(value, seen) {
    const packed = create(null);
    // `uncrowded` lists the members without looking at them. Object.keys looks each of them up, to see whether it is
    // enumerable, which takes too long where they are crowded; asking that here, key by key, takes longer than both.
    for (const key of keysOf(kit.uncrowded(value, "The result"))) packed[key] = pack(value[key], seen);
    return ownKey(packed, TAG) ? { [TAG]: [tags.OBJECT, Object.entries(packed)] } : packed;
  }
  const weak = [WeakMap, WeakSet, WeakRef, Promise];
  // `+` makes long texts ropes, which QuickJS's Python binding cannot take; joining makes one piece.
  const whole = (mark, text) => join([mark, text], "");
  const { TEXT, JSON: JSON_TEXT } = marks;
  function answer(value) {
    switch (typeof value) {
      case "string":
        if (value.length > MAX_RESULT) throw new InternalErrorOf("out of memory");
        // QuickJS's Python binding ends a text at its first NUL; JSON has an escape for it.
        return isWellFormed(value) && !includes(value, "\0") ? whole(TEXT, value) : whole(JSON_TEXT, stringify(value));
      case "number":
      case "boolean":
        return value;
      case "undefined":
        return marks.UNDEFINED;
    }
    if (value === null) return marks.NULL;
    const text = packedText(value);
    if (text.length > MAX_RESULT) throw new InternalErrorOf("out of memory");
    return whole(JSON_TEXT, text);
  }
  const iteratorRoot = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
  kinds.push([
    (v) => weak.some((type) => v instanceof type),
    tags.REFUSED,
    () => refuse("a promise or a weak collection"),
  ]);
  kinds.push([(v) => iteratorRoot.isPrototypeOf(v), tags.REFUSED, () => refuse("an iterator")]);

  // Mixed text (n8n: null, undefined, NaN and "" vanish; the rest is joined as an array is).
  const part = (value) => (value || value === 0 || value === false ? value : "");
  const text = (parts) => parts.join(""); // the method that is measured (native-lists.js)

  // Where memory is short QuickJS may throw null, having none left for an error.
  const isMemoryError = (error) =>
    error === null || (error instanceof InternalErrorOf && error.message !== "stack overflow");

  // An error of the code itself makes the block undefined; only ours go on.
  const guard = (error, throwsItself) => {
    if (wanted !== null || error instanceof ExpressionError) throw error;
    if (isMemoryError(error) && !(throwsItself && error === null)) throw error;
    return undefined;
  };

  // Names. Each is made when a template that mentions it runs, at most once a run.
  const names = create(null);
  const define = (name, make) => {
    names[name] = () => once(name, make);
  };
  const keep = (value) => {
    lasting.push(value);
  };
  const constant = (name, value) => {
    keep(value);
    names[name] = () => value;
  };
  const name = (wantedName) => {
    if (further !== "") {
      const extra = once("names", () => read(further));
      if (ownKey(extra, wantedName)) return extra[wantedName];
    }
    const make = names[wantedName];
    return make === undefined ? pluginFunction(wantedName) : make();
  };
  // A function of the host, by name: it takes JSON values and gives one.
  function pluginFunction(wantedName) {
    const { functions } = once("environment", () => read(need("environment", "")));
    if (!functions.includes(wantedName)) return undefined;
    return (...args) => read(need("function", packedText([wantedName, args])));
  }

  // Freezes a module's exports and what can be reached from them, so that no expression can change them for the next.
  function lock(root) {
    const waiting = [root];
    while (waiting.length) {
      const value = waiting.pop();
      if (value === null || (typeof value !== "object" && typeof value !== "function") || Object.isFrozen(value))
        continue;
      freeze(value);
      waiting.push(getPrototypeOf(value));
      for (const key of ownKeys(value)) {
        const property = describeProperty(value, key);
        waiting.push(property.value, property.get, property.set);
      }
    }
    return root;
  }

  const programs = [];
  const match = bind(String.prototype.match);
  function worded(message) {
    const found = match(message, /^cannot (read|set) property '([^]*)' of (null|undefined)$/);
    if (found === null) return message;
    const [, verb, name, nothing] = found;
    return `Cannot ${verb} properties of ${nothing} (${verb === "read" ? "reading" : "setting"} '${name}')`;
  }

  const api = {
    // Compiles a program and keeps it; its number is what `run` takes.
    define(code) {
      programs.push(evaluate(code)(...helpers));
    },
    // Makes a module; the name of another one if that has to be there first.
    load(moduleName, source) {
      wanted = null;
      try {
        modules[moduleName] = lock(evaluate(source)(kit));
      } catch (error) {
        if (wanted === null) throw error;
        return wanted[0][1];
      }
      return "";
    },
    give(level, kind, key, content) {
      const name = kind + ":" + key;
      given.set(name, content);
      if (!levels.has(level)) levels.set(level, []);
      levels.get(level).push(name);
    },
    forget(level) {
      for (const name of levels.get(level) ?? []) given.delete(name);
      levels.delete(level);
    },
    item(json, rest, index) {
      item.exists = json !== "";
      item.json.put(json);
      item.rest.put(rest);
      item.index = index;
    },
    run(number, names, pure) {
      further = names;
      isPure = pure;
      memo = create(null);
      wanted = null;
      due = 0;
      reals = 0;
      foreseen.clear();
      try {
        const program = programs[number]; // called without an object, so that nothing of the engine becomes `this`
        const value = answer(program());
        return wanted === null ? value : whole(marks.QUESTIONS, stringify(wanted));
      } catch (error) {
        if (wanted !== null) return whole(marks.QUESTIONS, stringify(wanted));
        if (isMemoryError(error)) return marks.MEMORY;
        return whole(marks.ERROR, stringify(describe(error)));
      } finally {
        memo = null;
      }
    },
  };
  function describe(error) {
    if (error instanceof ExpressionError) return `${error.message}`.slice(0, 2000);
    let words = "an unknown error";
    try {
      words = error instanceof ErrorOf ? errorText(error) : `${error}`;
    } catch {
      /* a thrown object without text */
    }
    return words.slice(0, 2000);
  }

  // What the package's own modules are given.
  const kit = {
    extend: (value, method, args) => module_("extensions").extend(value, method, args),
    outOfMemory: () => {
      throw new InternalErrorOf("out of memory");
    },
    tick,
    name,
    define,
    needSoon,
    isLoaded: (moduleName) => moduleName in modules,
    constant,
    keep,
    need,
    read,
    once,
    fail,
    source,
    item,
    kinds,
    tags,
    module: module_,
    ExpressionError,
    ExpressionExtensionError,
    ownKey,
    create,
    freeze,
    isArray,
    stringify,
    parse,
    ProxyOf,
    NativeDate,
    defineProperty,
    TypeErrorOf,
    empty: () => ({}),
  };

  // What a program is given, in the order of its parameters (syntax/printer.py). They are functions alone, frozen, and
  // none of them takes code, or a name of anything but a value.
  let RegExpOf = null;
  const helpers = [
    name,
    tick,
    kit.extend,
    (value, method, args) =>
      value === undefined || value === null ? undefined : module_("extensions").extend(value, method, args),
    (value, method, args) => module_("extensions").extendOptional(value, method)?.(...args),
    part,
    text,
    guard,
    // Gives a function that makes the regular expression anew: its `lastIndex` is that of one evaluation.
    (pattern, flags) => {
      const regex = new RegExpOf(pattern, flags);
      return freeze(() => new RegExpOf(regex));
    },
    // The first argument of a template's tag (ECMA-262 GetTemplateObject).
    (cooked, raw) => freeze(defineProperty(cooked, "raw", { value: freeze(raw) })),
    // What an object literal or a pattern takes over from a value by `...`, and what `for … in` goes through.
    (value) => kit.members(value),
    // `this` outside of functions (n8n).
    () => ({ process: {}, require: {}, module: {}, Buffer: {} }),
    // Operators that make BigInts longer (native-numbers.js).
    (value) => kit.grown(value),
    (base, exponent) => kit.power(base, exponent),
    // What is caught says what it says in n8n, where reading a member of nothing failed.
    (error) => {
      if (error instanceof TypeErrorOf && ownKey(error, "message")) error.message = worded(error.message);
      return error;
    },
    // What an object or class descends from, and the name of a member that is assigned to (native-collections.js).
    (value) => kit.ancestor(value),
    (owner, key) => kit.writable(owner, key),
  ];
  api.seal = () => {
    lasting.forEach(lock);
    RegExpOf = globalObject.RegExp;
    helpers.forEach(lock);
  };
  api.install = (code) => {
    evaluate(code)(kit);
  };
  return (which) => api[which];
});
