// Placeholders: inert values for what is not there. They can be called, constructed, extended and read without end, do
// nothing, and remember what they stand for, so that one that ends up in a description is found.
() => {
  "use strict";
  const origins = new WeakMap();
  // Name of a missing package → ways in which it was used that lose something ("listed", "as text", "called").
  const uses = new Map();

  const used = (origin, how) => {
    if (origin.kind !== "missing") return;
    if (!uses.has(origin.name)) uses.set(origin.name, new Set());
    uses.get(origin.name).add(how);
  };

  // `origin.kind`: "missing" (a package that is not there), "inert", or "refused" (calling it is an error).
  const make = (origin, path) => {
    const children = new Map();
    const prototype = {};
    const asText = () => {
      used(origin, "as text");
      return path;
    };
    const nothing = function* () {
      used(origin, "listed");
    };
    const known = new Map([
      ["prototype", prototype],
      ["__esModule", true],
      ["then", undefined],
      ["toJSON", undefined],
      ["length", 0],
      ["name", path],
      ["toString", asText],
      ["valueOf", asText],
      [Symbol.toPrimitive, asText],
      [Symbol.iterator, nothing],
      [Symbol.toStringTag, "Placeholder"],
    ]);
    // A bound function can be constructed and has no property that a proxy would have to show.
    const target = function () {}.bind(null);
    const placeholder = new Proxy(target, {
      get(_target, key) {
        if (known.has(key)) return known.get(key);
        if (typeof key === "symbol") return undefined;
        if (key === "call" || key === "apply" || key === "bind") return Function.prototype[key];
        if (key === "default") return placeholder;
        if (!children.has(key)) children.set(key, make(origin, `${path}.${key}`));
        return children.get(key);
      },
      set(_target, key, value) {
        children.set(key, value);
        return true;
      },
      has: () => true,
      ownKeys() {
        used(origin, "listed");
        return [];
      },
      getOwnPropertyDescriptor: () => undefined,
      defineProperty: () => true,
      deleteProperty: () => true,
      apply() {
        if (origin.kind === "refused") throw new Error(`${path} is not available while a package is imported`);
        used(origin, "called");
        return make(origin, `${path}()`);
      },
      construct(_target, _arguments, wanted) {
        if (wanted === placeholder) return make(origin, `new ${path}`);
        return Object.create(wanted.prototype ?? null);
      },
    });
    origins.set(placeholder, { ...origin, path });
    return placeholder;
  };

  return {
    make: (kind, name, path = name) => make({ kind, name }, path),
    // What `value` stands for, or undefined when it is no placeholder.
    originOf: (value) => origins.get(value),
    uses: () => [...uses].map(([name, how]) => ({ name, how: [...how].sort() })),
  };
}
