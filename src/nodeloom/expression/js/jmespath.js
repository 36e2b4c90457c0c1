// JMESPath (jmespath.org), as `$jmespath(data, query)`. Only own properties of the data are seen.
(function (kit) {
  "use strict";
  const { fail, isArray, ownKey, NativeDate } = kit;
  const { wrong, parse } = kit.module("jmespath-parser");
  const isObject = (value) => typeof value === "object" && value !== null && !isArray(value);
  const falsy = (value) =>
    value === null ||
    value === undefined ||
    value === false ||
    value === "" ||
    (isArray(value) && value.length === 0) ||
    (isObject(value) && Object.keys(value).length === 0);
  const { same } = kit.module("extensions");
  const orNull = (value) => (value === undefined ? null : value);

  function slice(list, [start, stop, step]) {
    const by = step ?? 1;
    if (by === 0) wrong("a slice cannot have step 0");
    const clamp = (value, low, high) => Math.min(Math.max(value < 0 ? value + list.length : value, low), high);
    const from =
      start === null
        ? by < 0
          ? list.length - 1
          : 0
        : clamp(start, by < 0 ? -1 : 0, by < 0 ? list.length - 1 : list.length);
    const to =
      stop === null
        ? by < 0
          ? -1
          : list.length
        : clamp(stop, by < 0 ? -1 : 0, by < 0 ? list.length - 1 : list.length);
    const result = [];
    for (let i = from; by < 0 ? i > to : i < to; i += by) result.push(list[i]);
    return result;
  }
  function project(values, each) {
    if (values === null) return null;
    return values.map((value) => run(each, value)).filter((value) => value !== null);
  }
  const STEPS = {
    literal: (node) => node.value,
    current: (_, value) => value,
    field: ({ name }, value) => {
      if (name === "constructor" || name === "__proto__" || name === "prototype")
        fail(`$jmespath(): ${name} cannot be queried`);
      return isObject(value) && ownKey(value, name) ? orNull(value[name]) : null;
    },
    index: ({ at }, value) => (isArray(value) ? orNull(value[at < 0 ? at + value.length : at]) : null),
    chain: ({ first, then, pipe }, value) => {
      const left = run(first, value);
      return left === null && !pipe && then.op !== "list" && then.op !== "hash"
        ? run(then, null)
        : left === null && !pipe
          ? null
          : run(then, left);
    },
    slice: ({ of, parts }, value) => {
      const list = run(of, value);
      return isArray(list) ? slice(list, parts) : null;
    },
    flatten: ({ of }, value) => {
      const list = run(of, value);
      return isArray(list) ? list.flat() : null;
    },
    project: ({ of, each }, value) => {
      const list = run(of, value);
      return isArray(list) ? project(list, each) : null;
    },
    values: ({ of, each }, value) => {
      const object = run(of, value);
      return isObject(object) ? project(Object.values(object), each) : null;
    },
    filter: ({ of, test, each }, value) => {
      const list = run(of, value);
      return isArray(list)
        ? project(
            list.filter((item) => !falsy(run(test, item))),
            each,
          )
        : null;
    },
    not: ({ of }, value) => falsy(run(of, value)),
    "||": ({ left, right }, value) => {
      const first = run(left, value);
      return falsy(first) ? run(right, value) : first;
    },
    "&&": ({ left, right }, value) => {
      const first = run(left, value);
      return falsy(first) ? first : run(right, value);
    },
    compare: ({ how, left, right }, value) => {
      const [a, b] = [run(left, value), run(right, value)];
      switch (how) {
        case "==":
          return same(a, b);
        case "!=":
          return !same(a, b);
        case "<":
          return a < b;
        case ">":
          return a > b;
        case "<=":
          return a <= b;
        default:
          return a >= b;
      }
    },
    list: ({ parts }, value) => (value === null ? null : parts.map((part) => run(part, value))),
    hash: ({ parts }, value) =>
      value === null ? null : Object.fromEntries(parts.map(([key, part]) => [key, run(part, value)])),
    reference: ({ of }) => ({ reference: of }),
    call: ({ name, parts }, value) =>
      call(
        name,
        parts.map((part) => run(part, value)),
      ),
  };
  function run(node, value) {
    return orNull(STEPS[node.op](node, value));
  }

  const typeOf = (value) =>
    value === null
      ? "null"
      : isArray(value)
        ? "array"
        : typeof value === "object"
          ? ownKey(value, "reference") && "op" in value.reference
            ? "expref"
            : "object"
          : typeof value;
  const all = (value, type) => isArray(value) && value.every((item) => typeOf(item) === type);
  const TYPES = {
    any: (value) => typeOf(value) !== "expref",
    number: (value) => typeof value === "number",
    string: (value) => typeof value === "string",
    array: isArray,
    object: (value) => typeOf(value) === "object",
    expref: (value) => typeOf(value) === "expref",
    numbers: (value) => all(value, "number"),
    strings: (value) => all(value, "string"),
    sortable: (value) => all(value, "number") || all(value, "string"),
    countable: (value) => typeof value === "string" || isArray(value) || typeOf(value) === "object",
    sequence: (value) => typeof value === "string" || isArray(value),
  };
  const keyed = (name, list, reference) =>
    list.map((item) => {
      const key = run(reference.reference, item);
      if (typeof key !== "number" && typeof key !== "string")
        throw new TypeError(`JMESPath: ${name}() needs numbers or strings`);
      return [key, item];
    });
  const byKey = ([a], [b]) => (a > b ? 1 : a < b ? -1 : 0);
  const best = (list, sign) =>
    list.length === 0 ? null : list.reduce((a, b) => ((b > a ? 1 : -1) * sign > 0 ? b : a));
  const FUNCTIONS = {
    __proto__: null,
    abs: ["number", Math.abs],
    ceil: ["number", Math.ceil],
    floor: ["number", Math.floor],
    avg: ["numbers", (list) => list.reduce((sum, n) => sum + n, 0) / list.length],
    sum: ["numbers", (list) => list.reduce((sum, n) => sum + n, 0)],
    contains: [
      "sequence any",
      (subject, search) =>
        typeof subject === "string" ? subject.includes(search) : subject.some((item) => same(item, search)),
    ],
    ends_with: ["string string", (text, end) => text.endsWith(end)],
    starts_with: ["string string", (text, start) => text.startsWith(start)],
    join: ["string strings", (glue, list) => list.join(glue)],
    keys: ["object", (value) => Object.keys(value)],
    values: ["object", (value) => Object.values(value)],
    length: ["countable", (value) => (typeOf(value) === "object" ? Object.keys(value).length : value.length)],
    map: ["expref array", (reference, list) => list.map((item) => run(reference.reference, item))],
    max: ["sortable", (list) => best(list, 1)],
    min: ["sortable", (list) => best(list, -1)],
    max_by: [
      "array expref",
      (list, ref) => {
        const sorted = keyed("max_by", list, ref).sort(byKey);
        const top = sorted[sorted.length - 1];
        return top === undefined ? null : sorted.find(([key]) => key === top[0])[1];
      },
    ],
    min_by: ["array expref", (list, ref) => keyed("min_by", list, ref).sort(byKey)[0]?.[1] ?? null],
    reverse: [
      "sequence",
      (value) => (typeof value === "string" ? [...value].reverse().join("") : [...value].reverse()),
    ],
    sort: ["sortable", (list) => [...list].sort((a, b) => (a > b ? 1 : a < b ? -1 : 0))],
    sort_by: [
      "array expref",
      (list, ref) =>
        keyed("sort_by", list, ref)
          .sort(byKey)
          .map(([, item]) => item),
    ],
    to_array: ["any", (value) => (isArray(value) ? value : [value])],
    to_number: [
      "any",
      (value) =>
        typeof value === "number"
          ? value
          : typeof value === "string" && !Number.isNaN(+value) && value.trim() !== ""
            ? +value
            : null,
    ],
    to_string: ["any", (value) => (typeof value === "string" ? value : JSON.stringify(value))],
    type: ["any", typeOf],
  };
  function call(name, args) {
    if (name === "merge") return Object.assign({}, ...args.map((arg) => check("merge", "object", arg)));
    if (name === "not_null") return args.find((arg) => arg !== null) ?? null;
    const known = FUNCTIONS[name];
    if (known === undefined) wrong(`there is no function ${name}()`);
    const types = known[0].split(" ");
    if (types.length !== args.length) wrong(`${name}() takes ${types.length} arguments`);
    types.forEach((type, i) => check(name, type, args[i]));
    return known[1](...args);
  }
  function check(name, type, value) {
    if (!TYPES[type](value)) throw new TypeError(`JMESPath: ${name}() cannot take a value of type ${typeOf(value)}`);
    return value;
  }

  function query(data, text) {
    if (typeof data !== "object" || typeof text !== "string") fail("$jmespath() takes an object or array, and a query");
    // n8n looks for names in the text of a query, and takes no escapes for that reason.
    if (text.includes("\\")) fail("$jmespath() takes no queries with a backslash");
    if (data instanceof NativeDate) return null;
    return run(parse(text), data);
  }
  return { query };
});
