// Maps, sets, objects, iterators and typed arrays, within bounds (native-bounds.js).
(function (kit) {
  "use strict";
  const { tick, isArray, fail } = kit;
  const { LONG, MOST, MOST_TEXT, put, replace, change, spend, tooLong } = kit.bounds;
  const { isPlain, checked, copied, calledBack, uncurried } = kit.bounds;
  const { apply, construct, ownKeys } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor: describe, getPrototypeOf, setPrototypeOf, create } = Object;
  const { trunc } = Math;
  const { isView } = ArrayBuffer;

  // A key that is a long text made of many is as long as it looks, and takes no memory.
  function keyed(key, name) {
    if (key.length > MOST_TEXT) tooLong(name, key.length, MOST_TEXT, "characters");
    spend(key.length);
  }
  for (const type of [Map, Set]) {
    change(type.prototype, "get has delete", (native, name) => ({
      call(key) {
        if (typeof key === "string" && key.length > LONG) keyed(key, name);
        return native.call(this, key);
      },
    }.call));
    change(type.prototype, "add set getOrInsert", (native, name) => ({
      call(key, value) {
        if (typeof key === "string" && key.length > LONG) keyed(key, name);
        spend(1); // one may be compared with many that share its place
        return native.call(this, key, value);
      },
    }.call));
    change(type.prototype, "getOrInsertComputed", (native, name) => ({
      call(key, make) {
        if (typeof key === "string" && key.length > LONG) keyed(key, name);
        return native.call(this, key, calledBack(make));
      },
    }.call));
    change(type.prototype, "forEach", (native) => ({
      call(change, that) {
        return native.call(this, calledBack(change), that);
      },
    }.call));
  }
  change(WeakMap.prototype, "getOrInsertComputed", (native) => ({
    call(key, make) {
      return native.call(this, key, calledBack(make));
    },
  }.call));

  // What two sets make; sets.js does it.
  const sizeOf = uncurried(describe(Set.prototype, "size").get);
  const ALGEBRA = "union intersection difference symmetricDifference isSubsetOf isSupersetOf isDisjointFrom";
  change(Set.prototype, ALGEBRA, (_, name) => ({
    call(other) {
      sizeOf(this); // nothing else is a set
      return kit.module("sets").made(name, this, other);
    },
  }.call));
  for (const type of [Object, Map]) {
    change(type, "groupBy", (native) => ({
      call(items, change) {
        return native.call(type, items, calledBack(change));
      },
    }.call));
  }

  // Objects. A member is looked for in one prototype after the other, which nothing can stop: so no object has many.
  // Whatever gives an object its prototype asks here, and the prototype that a function gives stays its own.
  const MOST_ANCESTORS = 100;
  const isObject = (value) => value !== null && (typeof value === "object" || typeof value === "function");
  function countAncestors(value) {
    let count = 0;
    for (let next = value; isObject(next); next = getPrototypeOf(next))
      if (++count > MOST_ANCESTORS) fail(`An object may have ${MOST_ANCESTORS} prototypes, one behind the other`);
  }
  kit.ancestor = (value) => {
    countAncestors(value);
    if (typeof value === "function") countAncestors(value.prototype);
    return value;
  };
  // `owner` is known if it is a name; whatever else it is may be a function.
  kit.writable = (owner, key) => {
    const name = isObject(key) ? `${key}` : key;
    if (name === "prototype" && typeof owner !== "object") fail("The prototype of a function cannot be changed here");
    return name;
  };
  replace(Object, "create", {
    create(prototype, properties) {
      if (properties !== undefined) throw new TypeError("create() takes a prototype and nothing else here");
      countAncestors(prototype);
      return create(prototype);
    },
  }.create);
  replace(Object, "fromEntries", {
    fromEntries(entries) {
      const object = {};
      for (const entry of entries) {
        if (entry === null || typeof entry !== "object")
          throw new TypeError("fromEntries() takes pairs of name and value");
        tick();
        kit.defineProperty(object, entry[0], { value: entry[1], writable: true, enumerable: true, configurable: true });
      }
      return object;
    },
  }.fromEntries);
  // Members of an object whose names are numbers may share one place in its table (crowding.js). Each is then compared
  // with all before it whenever QuickJS goes through all of them; the names alone are listed without that.
  kit.uncrowded = (value, name) => {
    const names = ownKeys(value);
    if (names.length <= LONG) return value;
    spend(names.length);
    if (kit.module("crowding").areCrowded(names))
      fail(`${name}: this would go through members that were made to share one place in QuickJS's tables`);
    return value;
  };
  // Every element of a list, and every character of a text, is a property.
  function listed(value, name) {
    if (isObject(value) && getPrototypeOf(value) === Object.prototype) return kit.uncrowded(value, name);
    if (typeof value === "string" || value instanceof String)
      value.length > MOST && tooLong(name, value.length, MOST, "characters");
    else if (isArray(value)) checked(value, name);
    else if (isView(value)) checked(value, name, MOST);
    else if (isObject(value)) kit.uncrowded(value, name);
    return value;
  }
  // QuickJS gives an object nothing of a text, which has a member for each of its characters (ECMA-262 7.3.26).
  kit.members = (value) => {
    listed(value, "...");
    return typeof value === "string" ? Object(value) : value;
  };
  const describing =
    "getOwnPropertyNames getOwnPropertySymbols getOwnPropertyDescriptors preventExtensions freeze seal " +
    "isFrozen isSealed";
  change(Object, `keys values entries ${describing}`, (native, name) => ({
    call(value) {
      return native(listed(value, name));
    },
  }.call));
  const assign = Object.assign;
  replace(Object, "assign", {
    assign(target, ...sources) {
      if (typeof target === "function") throw new TypeError("assign() does not change functions here");
      const into = assign(target);
      for (const source of sources) assign(into, listed(tick(source), "assign"));
      return into;
    },
  }.assign);

  // Functions: what only looks like a list of arguments is read as one.
  const applyOf = Function.prototype.apply;
  replace(Function.prototype, "apply", {
    apply(that, list) {
      const given = isPlain(list) || (typeof list !== "object" && typeof list !== "function") || list === null;
      return applyOf.call(this, that, given ? list : copied(list, "apply"));
    },
  }.apply);
  const bind = Function.prototype.bind;
  replace(Function.prototype, "bind", {
    bind(...args) {
      return apply(bind, calledBack(this), args);
    },
  }.bind);

  // Iterators.
  const iterators = Iterator.prototype;
  change(iterators, "map filter flatMap forEach some every find", (native) => ({
    call(change) {
      return native.call(this, calledBack(change));
    },
  }.call));
  change(iterators, "reduce", (native) => ({
    call(change, ...initial) {
      return native.call(this, calledBack(change), ...initial);
    },
  }.call));
  const steps = (iterator) => ({
    [Symbol.iterator]: () => iterator,
  });
  const loops = {
    toArray(iterator) {
      const list = [];
      for (const value of steps(iterator)) list.push(value);
      return list;
    },
    includes(iterator, sought, skipped = 0) {
      let at = 0;
      for (const value of steps(iterator)) {
        tick();
        if (at++ >= skipped && (value === sought || (value !== value && sought !== sought))) return true;
      }
      return false;
    },
    join: (iterator, separator) => loops.toArray(iterator).join(separator),
  };
  change(iterators, ownKeys(loops).join(" "), (_, name) => ({
    call(...args) {
      if (this === null || typeof this !== "object") throw new TypeError(`${name}() works on iterators only`);
      return loops[name](this, ...args);
    },
  }.call));
  delete iterators.drop;

  // Typed arrays. Nothing that an expression is given is one, so they may be short.
  const Typed = getPrototypeOf(Uint8Array);
  const typed = Typed.prototype;
  const lengthOf = uncurried(describe(typed, "length").get);
  const view = (value, name, most = MOST) => {
    const length = lengthOf(value);
    if (length > most) tooLong(name, length, most, "elements");
    spend(length);
    return value;
  };
  change(typed, "map filter forEach some every find findIndex findLast findLastIndex", (native, name) => ({
    call(change, that) {
      return native.call(view(this, name), calledBack(change), that);
    },
  }.call));
  change(typed, "sort toSorted", (native, name) => ({
    call(compare) {
      return native.call(view(this, name, MOST / 2), calledBack(compare));
    },
  }.call));
  change(typed, "reduce reduceRight", (native, name) => ({
    call(change, ...initial) {
      return native.call(view(this, name), calledBack(change), ...initial);
    },
  }.call));
  const LOOPS = "copyWithin fill includes indexOf lastIndexOf reverse slice toReversed with";
  change(typed, `${LOOPS} values keys entries`, (native, name) => ({
    call(...args) {
      return apply(native, view(this, name), args);
    },
  }.call));
  put(typed, Symbol.iterator, typed.values);
  // Spelling numbers takes long; a list's own methods look at the clock.
  change(typed, "join toLocaleString", (_, name) => ({
    call(...args) {
      return apply(Array.prototype[name], [...view(this, name)], args);
    },
  }.call));
  // What a typed array is made of, as numbers: what is none yet may be a long text.
  const elements = (value, name) => {
    if (value === null || typeof value !== "object") return value;
    if (isView(value)) return checked(value, name, MOST);
    const list = isPlain(value) ? checked(value, name, MOST) : Array.from(value);
    const isNumeric = (element) => typeof element === "number" || typeof element === "bigint";
    for (let i = 0; i < list.length; i++) if (!isNumeric(list[i])) return numeric(list, name, isNumeric);
    return list;
  };
  const numeric = (list, name, isNumeric) => {
    const convert = name.startsWith("Big") ? BigInt : Number;
    const made = [];
    for (let i = 0; i < list.length; i++) made[i] = isNumeric(list[i]) ? list[i] : convert(tick(list[i]));
    return made;
  };
  change(typed, "set", (native, name) => ({
    call(list, offset) {
      view(this, name);
      return native.call(this, elements(list, this[Symbol.toStringTag]), offset);
    },
  }.call));
  replace(Typed, "of", {
    of(...values) {
      return new this(values);
    },
  }.of);
  replace(Typed, "from", {
    from(items, change, that) {
      return new this(Array.from(items, change, that));
    },
  }.from);
  const KINDS = "Uint8Clamped Int8 Uint8 Int16 Uint16 Int32 Uint32 BigInt64 BigUint64 Float16 Float32 Float64";
  for (const name of KINDS.split(" ").map((kind) => `${kind}Array`)) {
    const native = globalThis[name];
    if (native === undefined) continue;
    const made = {
      [name]: function (...args) {
        if (new.target === undefined) throw new TypeError(`${name}() is called with new`);
        const [first] = args;
        if (first !== null && typeof first === "object" && !(first instanceof ArrayBuffer))
          args[0] = elements(first, name);
        return construct(native, args, new.target === made ? native : new.target);
      },
    }[name];
    defineProperty(made, "prototype", { value: native.prototype, writable: false });
    for (const key of ownKeys(native)) if (key !== "prototype") defineProperty(made, key, describe(native, key));
    setPrototypeOf(made, Typed);
    put(native.prototype, "constructor", made);
    put(globalThis, name, made);
  }
});
