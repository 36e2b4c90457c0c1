// The methods of arrays, within bounds (native-bounds.js): QuickJS does their loops without looking at the clock, over
// whatever has a `length`.
(function (kit) {
  "use strict";
  const { tick, isArray, ownKey } = kit;
  const { LONG, MOST, MOST_JOINED, put, replace, change, spend, spelt: text, tooLong } = kit.bounds;
  const { isPlain, isQuick, checked, copied, listOf, calledBack, uncurried } = kit.bounds;
  const { apply } = Reflect;
  const { trunc } = Math;
  const { getPrototypeOf } = Object;
  const arrays = Array.prototype;
  const { concat: nativeConcat, sort: sortOf } = arrays;
  const [every, join, sort, slice] = [arrays.every, arrays.join, arrays.sort, arrays.slice].map(uncurried);

  // Methods that call a function for every element; what is a built-in function looks at the clock then.
  change(arrays, "map filter forEach some every find findIndex findLast findLastIndex", (native, name) => ({
    call(change, that) {
      return native.call(isQuick(this) || isPlain(this) ? this : copied(this, name), calledBack(change), that);
    },
  }.call));
  // Those for which it matters whether there is a second argument.
  change(arrays, "reduce reduceRight", (native, name) => ({
    call(change, ...initial) {
      return native.call(isPlain(this) ? this : copied(this, name), calledBack(change), ...initial);
    },
  }.call));
  // Methods that leave the list as it is.
  change(arrays, "slice with toReversed toSpliced", (native, name) => ({
    call(...args) {
      return apply(native, listOf(this, name), args);
    },
  }.call));
  // Methods that change the list: only an array can be changed.
  const changeable = (list, name) => {
    if (isQuick(list)) return list;
    if (!isPlain(list)) throw new TypeError(`${name}() works on arrays only`);
    return checked(list, name, MOST);
  };
  change(arrays, "fill splice shift unshift reverse copyWithin", (native, name) => ({
    call(...args) {
      return apply(native, changeable(this, name), args);
    },
  }.call));
  change(arrays, "push pop", (native, name) => ({
    call(...args) {
      if (!isQuick(this) && !isPlain(this)) throw new TypeError(`${name}() works on arrays only`);
      return apply(native, this, args);
    },
  }.call));

  // Iterators of arrays: whatever takes all of one does so without looking at the clock.
  change(arrays, "values keys entries", (native, name) => ({
    call() {
      return native.call(isQuick(this) ? this : listOf(this, name));
    },
  }.call));
  put(arrays, Symbol.iterator, arrays.values);

  // Each list is looked at before, and nobody can change it until QuickJS has taken it: an own `constructor` or
  // `isConcatSpreadable` would be asked in between.
  const isOrdinary = (list) =>
    isArray(list) &&
    getPrototypeOf(list) === arrays &&
    !ownKey(list, "constructor") &&
    !ownKey(list, Symbol.isConcatSpreadable);
  const piece = (value, name) => {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
    if (isOrdinary(value)) return checked(value, name);
    const spread = value[Symbol.isConcatSpreadable];
    return (spread === undefined ? isArray(value) : spread) ? copied(value, name) : [value];
  };
  replace(arrays, "concat", {
    concat(...args) {
      if (this === null || this === undefined) throw new TypeError(`concat() cannot be called on ${this}`);
      const first = piece(Object(this), "concat");
      return apply(nativeConcat, first, args.map((value) => piece(value, "concat")));
    },
  }.concat);

  function flatten(list, depth, into, name) {
    checked(list, name);
    for (let i = 0; i < list.length; i++) {
      if (!(i in list)) continue;
      const inner = list[i];
      if (depth > 0 && isArray(inner)) flatten(isPlain(inner) ? inner : copied(inner, name), depth - 1, into, name);
      else into.push(inner);
    }
    return into;
  }
  replace(arrays, "flat", {
    flat(depth = 1) {
      return flatten(listOf(this, "flat"), trunc(+depth) || 0, [], "flat");
    },
  }.flat);
  replace(arrays, "flatMap", {
    flatMap(change, that) {
      return flatten(listOf(this, "flatMap").map(change, that), 1, [], "flatMap");
    },
  }.flatMap);

  // Lists whose elements are long texts or numbers: whatever compares or spells them looks at the clock for each.
  const costly = (value) => typeof value === "bigint" || (typeof value === "string" && value.length > LONG);
  function beginning(from, length) {
    const at = trunc(+from) || 0;
    return at < 0 ? Math.max(length + at, 0) : at;
  }
  const search = (list, sought, at, step) => {
    for (let i = at; i >= 0 && i < list.length; i += step) {
      tick();
      if (list[i] === sought) return i;
    }
    return -1;
  };
  change(arrays, "indexOf includes", (native, name) => ({
    call(...args) {
      if (args.length === 1 && isQuick(this) && !costly(args[0])) return native.call(this, args[0]);
      const list = listOf(this, name);
      if (!costly(args[0])) return apply(native, list, args);
      const at = search(list, args[0], beginning(args[1], list.length), 1);
      return name === "includes" ? at >= 0 : at;
    },
  }.call));
  change(arrays, "lastIndexOf", (native, name) => ({
    call(...args) {
      const list = listOf(this, name);
      if (!costly(args[0])) return apply(native, list, args);
      const from = args.length > 1 ? trunc(+args[1]) || 0 : Infinity;
      return search(list, args[0], from < 0 ? list.length + from : Math.min(from, list.length - 1), -1);
    },
  }.call));
  const isFull = (list) => {
    for (let i = 0; i < list.length; i++) if (!(i in list)) return false;
    return true;
  };
  const { isSafeInteger } = Number; // any other number takes up to 40 microseconds to spell
  const isNumber = (value) => typeof value === "number";
  const isShort = (value) => typeof value === "string" && value.length <= LONG;
  const ordered = (a, b) => {
    tick();
    const [left, right] = [text(a), text(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  // Many short texts: QuickJS sorts so many at a time, and what it sorted is put together here.
  const RUN = 2 ** 16;
  function merged(left, right) {
    const list = [];
    let [i, j] = [0, 0];
    while (i < left.length && j < right.length) list.push(right[j] < left[i] ? right[j++] : left[i++]);
    while (i < left.length) list.push(left[i++]);
    while (j < right.length) list.push(right[j++]);
    return list;
  }
  function sortTexts(list) {
    let runs = [];
    for (let at = 0; at < list.length; at += RUN) {
      spend(RUN);
      runs.push(sort(slice(list, at, at + RUN)));
    }
    while (runs.length > 1) {
      const next = [];
      for (let i = 0; i < runs.length; i += 2) next.push(i + 1 < runs.length ? merged(runs[i], runs[i + 1]) : runs[i]);
      runs = next;
    }
    for (let i = 0; i < list.length; i++) list[i] = runs[0][i];
    return list;
  }
  // Each number is spelled once, and every time the clock is looked at.
  function sortNumbers(list) {
    const spelled = [];
    for (let i = 0; i < list.length; i++) if (i in list) spelled.push([text(tick(list[i])), list[i]]);
    sort(spelled, ([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    for (let i = 0; i < spelled.length; i++) list[i] = spelled[i][1];
    for (let i = spelled.length; i < list.length; i++) delete list[i];
    return list;
  }
  function sorted(list, native, compare) {
    if (compare !== undefined) return native.call(list, calledBack(compare));
    if (list.length > LONG && list.length <= RUN && every(list, isNumber)) return sortNumbers(list);
    const short = every(list, isShort);
    if (list.length <= RUN) return native.call(list, short || every(list, isNumber) ? undefined : ordered);
    return short && isFull(list) ? sortTexts(list) : native.call(list, ordered);
  }
  change(arrays, "sort", (native, name) => ({
    call(compare) {
      return sorted(changeable(this, name), native, compare);
    },
  }.call));
  replace(arrays, "toSorted", {
    toSorted(compare) {
      if (compare !== undefined && typeof compare !== "function") throw new TypeError("toSorted() takes a function");
      return sorted([...listOf(this, "toSorted", MOST)], sortOf, compare);
    },
  }.toSorted);
  // When memory is short, QuickJS goes on reading what it can no longer join, so what is joined is measured first.
  const filled = (value) => (tick(), value === null || value === undefined ? "" : text(value));
  const isCheap = (value) => {
    if (typeof value === "number") return isSafeInteger(value);
    return typeof value === "string" || value === null || value === undefined || typeof value === "boolean";
  };
  replace(arrays, "join", {
    join(separator) {
      let list = listOf(this, "join");
      const mark = separator === undefined ? "," : text(separator);
      for (let i = 0; i < list.length; i++) {
        if (isCheap(list[i])) continue;
        list = list.map(filled);
        break;
      }
      let size = mark.length * (list.length - 1);
      for (let i = 0; i < list.length; i++) if (typeof list[i] === "string") size += list[i].length;
      if (size > MOST_JOINED) tooLong("join", size, MOST_JOINED, "characters");
      return join(list, mark);
    },
  }.join);

  // `Array.from` over what can be iterated, or has a length, into whatever `this` makes.
  const isConstructor = (value) => typeof value === "function" && value.prototype !== undefined;
  replace(Array, "from", {
    from(items, change, that) {
      if (change !== undefined && typeof change !== "function") throw new TypeError("from() takes a function to apply");
      const iterable = items[Symbol.iterator] !== undefined && items[Symbol.iterator] !== null;
      let list = iterable ? [...items] : copied(items, "from");
      if (change !== undefined) {
        const made = calledBack(change);
        for (let i = 0; i < list.length; i++) list[i] = apply(made, that, [list[i], i]);
      } else if (!iterable) for (let i = 0; i < list.length; i++) list[i] = list[i];
      if (this === Array || !isConstructor(this)) return list;
      const own = iterable ? new this() : new this(list.length);
      for (let i = 0; i < list.length; i++)
        kit.defineProperty(own, i, { value: list[i], writable: true, enumerable: true, configurable: true });
      own.length = list.length;
      return own;
    },
  }.from);
});
