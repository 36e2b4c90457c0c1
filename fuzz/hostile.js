// Calls of built-in functions with what is hostile to them; natives.py runs this in an engine.
(function () {
  const makers = {
    nothing: () => undefined,
    none: () => null,
    zero: () => 0,
    minus: () => -1,
    million: () => 1e6,
    billion: () => 2 ** 31 - 1,
    huge: () => 2 ** 53 - 1,
    infinite: () => Infinity,
    empty: () => "",
    letter: () => "a",
    ascii: () => "a".repeat(16e6),
    almost: () => "a".repeat(8e6) + "b",
    wide: () => "\u4e2d\ud83d\ude00".repeat(4e6),
    marks: () => "\u0301\u0327".repeat(3e6),
    sparseMarks: () => ("e" + "\u0301\u0327".repeat(400)).repeat(1e4),
    digits: () => "1".repeat(16e6),
    blanks: () => " ".repeat(16e6),
    percents: () => "%41".repeat(5e6),
    quotes: () => '"\\'.repeat(5e6),
    brackets: () => "[".repeat(1e6),
    bars: () => "a|".repeat(4e5),
    dollars: () => "$1".repeat(1e6),
    list: () => "[" + "1,".repeat(2e6) + "1]",
    rope: () => {
      let text = "xy";
      for (let i = 0; i < 28; i++) text += text;
      return text;
    },
    bigint: () => 2n ** 60000n - 1n,
    like: () => ({ length: 2 ** 53 - 1 }),
    shorterLike: () => ({ length: 2 ** 32 - 1 }),
    millionLike: () => ({ length: 2 ** 20, 0: 1 }),
    deep: () => {
      let object = null;
      for (let i = 0; i < 99; i++) object = Object.create(object); // as many as there may be
      object.length = 1e5;
      return object;
    },
    deepList: () => {
      let Kind = Array;
      for (let i = 0; i < 99; i++) Kind = class extends Kind {};
      return new Kind(1e6);
    },
    raw: () => ({ raw: { length: 2 ** 53 - 1 } }),
    sparse: () => Array(2 ** 32 - 1),
    holes: () => Array(2 ** 20),
    dense: () => {
      const made = [];
      for (let i = 0; i < 1e6; i++) made.push((i * 7919) % 1000003);
      return made;
    },
    names: () => {
      const made = [];
      for (let i = 0; i < 60000; i++) made.push(`k${i}`);
      return made;
    },
    pairs: () => {
      const made = [];
      for (let i = 0; i < 1e5; i++) made.push([`k${i}`, i]);
      return made;
    },
    longTexts: () => Array(1e5).fill("x".repeat(1e5)),
    bigints: () => Array(1000).fill(2n ** 60000n - 1n),
    graph: () => {
      let made = [];
      for (let i = 0; i < 40; i++) made = [made, made];
      return made;
    },
    object: () => {
      const made = {};
      for (let i = 0; i < 1e5; i++) made[`k${i}`] = i;
      return made;
    },
    bytes: () => new Uint8Array(3e7),
    floats: () => {
      const made = new Float64Array(1e6);
      for (let i = 0, seed = 1; i < 1e6; i++) made[i] = seed = (seed * 16807) % 2147483647;
      return made;
    },
    buffer: () => new ArrayBuffer(3e7),
    map: () => {
      const made = new Map();
      for (let i = 0; i < 2e5; i++) made.set(i, i);
      return made;
    },
    set: () => {
      const made = new Set();
      for (let i = 0; i < 2e5; i++) made.add(i);
      return made;
    },
    setLike: () => ({ size: 1e9, has: Boolean, keys: () => ({ next: Object.bind(null, { value: 1 }) }) }),
    groups: () => /(?=(a{1,9000}b)?)/g,
    squared: () => /^(a+)+$/,
    letterRegex: () => /()a/g,
    backReference: () => /(a+)\1b/g,
    iterator: () => makers.dense().values(),
    endless: () => ({ [Symbol.iterator]: () => ({ next: Object.bind(null, { value: 1 }) }) }),
    native: () => Boolean,
    reversing: () => [].reverse.bind({ length: 2 ** 53 - 1 }),
    normalizing: () => "".normalize.bind("\u0301\u0327".repeat(3e6)),
    hook: () => ({ [Symbol.toPrimitive]: "".normalize.bind("\u0301\u0327".repeat(3e6)) }),
  };
  const PAIRS =
    "huge huge|zero huge|letter huge|nothing huge|million ascii|letter million|nothing zero huge|letterRegex letter|" +
    "letterRegex empty|letterRegex dollars|letter letter|letter empty|empty letter|letter dollars|almost letter|" +
    "almost almost|object names|object nothing huge|dense names|graph names|names native|dense normalizing|" +
    "sparse normalizing|sparse native|pairs native|like native|iterator native|native iterator|ascii bars|bars nothing|" +
    "empty digits|huge bigint|zero zero sparse|nothing like|nothing sparse|nothing dense|nothing deep|nothing deepList|" +
    "map set|set setLike|like like|sparse sparse|dense dense|deep native|deepList native|wide ascii";
  // What a call may have changed is made anew for the next function.
  const CHANGING = /fill|reverse|sort|splice|copyWithin|shift|push|pop|set|add|delete|clear|freeze|seal|assign|prevent|transfer|resize|next|concat/i;

  const seen = new Map();
  const waiting = [];
  function add(value, name) {
    if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
    seen.set(value, name);
    waiting.push(value);
  }
  for (const name of Object.getOwnPropertyNames(this)) add(this[name], name);
  const unnamed = {
    generator: (function* () {})(),
    "array iterator": [].values(),
    "text iterator": ""[Symbol.iterator](),
    "map iterator": new Map().keys(),
    "set iterator": new Set().keys(),
    "match iterator": "".matchAll(/./g),
    "iterator helper": [].values().map((x) => x),
  };
  for (const name of Object.keys(unnamed)) add(unnamed[name], name);
  for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) {
    const name = seen.get(value);
    add(Object.getPrototypeOf(value), `${name}.__proto__`);
    for (const key of [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertySymbols(value)]) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      const path = `${name}.${String(key)}`;
      add(property.value, path);
      add(property.get, `${path} get`);
      add(property.set, `${path} set`);
    }
  }
  const functions = [...seen].filter(([value]) => typeof value === "function");
  let held = {};
  const value = (name) => (name in held ? held[name] : (held[name] = makers[name]()));
  const api = {
    functions: () => functions.map(([, name]) => name).join("\n"),
    values: () => Object.keys(makers).join("\n"),
    argumentLists: () => ["", ...Object.keys(makers), ...PAIRS.split("|")].join("\n"),
    // Whether the value had to be made.
    prepare(name) {
      if (name === "new" || name in held) return false;
      value(name);
      return true;
    },
    forget(number) {
      if (CHANGING.test(functions[number][1])) held = {};
    },
    call(number, receiver, names) {
      const given = names === "" ? [] : names.split(" ").map(value);
      const [native] = functions[number];
      if (receiver === "new") new native(...given);
      else native.call(value(receiver), ...given);
    },
  };
  return (name) => api[name];
}).call(this);
