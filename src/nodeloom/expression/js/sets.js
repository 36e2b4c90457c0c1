// What two sets make (ECMA-262 24.2.4). QuickJS's own methods do not look at the clock, and values that share a place
// in the tables of a set are put there one after the other.
(function (kit) {
  "use strict";
  const { tick } = kit;
  const { trunc } = Math;

  // What a method needs of the other set, which may be anything that has the same three properties.
  function record(other) {
    if (other === null || typeof other !== "object") throw new TypeError("A set is wanted");
    const size = +other.size;
    if (size !== size) throw new TypeError("The size of a set is a number");
    if (trunc(size) < 0) throw new RangeError("The size of a set is not negative");
    const { has, keys } = other;
    if (typeof has !== "function" || typeof keys !== "function")
      throw new TypeError("A set has the methods has() and keys()");
    return {
      size: trunc(size),
      has: (value) => (tick(), !!has.call(other, value)),
      *[Symbol.iterator]() {
        const iterator = keys.call(other);
        const { next } = iterator;
        let step = next.call(iterator);
        try {
          for (; !step.done; step = next.call(iterator)) {
            tick();
            yield step.value;
          }
        } finally {
          if (!step.done) iterator.return?.();
        }
      },
    };
  }
  const kept = (set, other, wanted) => {
    const made = new Set();
    for (const value of set.values()) if (other.has(value) === wanted) made.add(value);
    return made;
  };
  const every = (values, holds) => {
    for (const value of values) if (!holds(value)) return false;
    return true;
  };
  const changed = (set, other, change) => {
    const made = new Set(set.values());
    for (const value of other) change(made, value);
    return made;
  };
  const methods = {
    __proto__: null,
    union: (set, other) => changed(set, other, (made, value) => made.add(value)),
    intersection(set, other) {
      if (set.size <= other.size) return kept(set, other, true);
      const made = new Set();
      for (const value of other) if (set.has(value)) made.add(value);
      return made;
    },
    difference(set, other) {
      if (set.size <= other.size) return kept(set, other, false);
      return changed(set, other, (made, value) => made.delete(value));
    },
    symmetricDifference: (set, other) =>
      changed(set, other, (made, value) => (set.has(value) ? made.delete(value) : made.add(value))),
    isSubsetOf: (set, other) => set.size <= other.size && every(set.values(), other.has),
    isSupersetOf: (set, other) => set.size >= other.size && every(other, (value) => set.has(value)),
    isDisjointFrom: (set, other) =>
      set.size <= other.size
        ? every(set.values(), (value) => !other.has(value))
        : every(other, (value) => !set.has(value)),
  };
  return { made: (name, set, other) => methods[name](set, record(other)) };
});
