// JMESPath (jmespath.org), as `$jmespath(data, query)`. Only own properties of the data are seen.
(function (kit) {
  "use strict";
  const { fail, isArray, ownKey, NativeDate } = kit;
  const wrong = (message) => { throw new SyntaxError(`JMESPath: ${message}`); };
  const TOKEN = /\s*(?:([A-Za-z_]\w*)|("(?:[^"\\]|\\[\s\S])*")|('(?:[^'\\]|\\[\s\S])*')|(`(?:[^`\\]|\\[\s\S])*`)|(-?\d+)|(\|\||&&|==|!=|<=|>=|\[\?|\[\]|[.*@&!<>|()[\]{},:]))/y;

  function tokenize(text) {
    const tokens = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const at = TOKEN.lastIndex;
      const found = TOKEN.exec(text);
      if (found === null) wrong(`unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
      const [, name, quoted, raw, literal, number, mark] = found;
      if (name !== undefined) tokens.push({ type: "name", value: name });
      else if (quoted !== undefined) tokens.push({ type: "quoted", value: JSON.parse(quoted) });
      else if (raw !== undefined) tokens.push({ type: "literal", value: raw.slice(1, -1).replace(/\\'/g, "'") });
      else if (literal !== undefined) tokens.push({ type: "literal", value: literalValue(literal.slice(1, -1).replace(/\\`/g, "`").trimStart()) });
      else if (number !== undefined) tokens.push({ type: "number", value: parseInt(number, 10) });
      else tokens.push({ type: mark });
    }
    tokens.push({ type: "end" });
    return tokens;
  }
  // JSON; what is none is taken for a string, as older queries write it.
  function literalValue(text) {
    try { return JSON.parse(text); } catch { return JSON.parse(`"${text}"`); }
  }

  const POWER = { "|": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5, "[]": 9, "*": 20, "[?": 21, ".": 40, "!": 45, "{": 50, "[": 55, "(": 60 };
  const PROJECTS_UNTIL = 10;

  class Parser {
    constructor(text) { this.tokens = tokenize(text); this.at = 0; }
    get type() { return this.tokens[this.at].type; }
    next() { return this.tokens[this.at++]; }
    accept(type) { if (this.type !== type) return false; this.at += 1; return true; }
    expect(type) { if (!this.accept(type)) wrong(`expected ${type}, found ${this.type}`); }
    query() {
      const tree = this.expression(0);
      if (this.type !== "end") wrong(`unexpected ${this.type}`);
      return tree;
    }
    expression(power) {
      let left = this.prefix(this.next());
      while (power < (POWER[this.type] ?? 0)) left = this.infix(this.next().type, left);
      return left;
    }
    prefix(token) {
      switch (token.type) {
        case "literal": return { op: "literal", value: token.value };
        case "name":
          if (this.type === "(") return this.call(token.value);
          return { op: "field", name: token.value };
        case "quoted":
          if (this.type === "(") wrong("a quoted name cannot be a function");
          return { op: "field", name: token.value };
        case "@": return { op: "current" };
        case "!": return { op: "not", of: this.expression(POWER["!"]) };
        case "&": return { op: "reference", of: this.expression(0) };
        case "*": return { op: "values", of: { op: "current" }, each: this.projected(POWER["*"]) };
        case "[]": return { op: "project", of: { op: "flatten", of: { op: "current" } }, each: this.projected(POWER["[]"]) };
        case "[?": return this.filter({ op: "current" });
        case "[": return this.bracket({ op: "current" }, true);
        case "{": return this.hash();
        case "(": {
          const inner = this.expression(0);
          this.expect(")");
          return inner;
        }
        default: return wrong(`unexpected ${token.type}`);
      }
    }
    infix(type, left) {
      switch (type) {
        case ".":
          if (this.accept("*")) return { op: "values", of: left, each: this.projected(POWER["."]) };
          return { op: "chain", first: left, then: this.dotted(POWER["."]) };
        case "|": return { op: "chain", first: left, then: this.expression(POWER["|"]), pipe: true };
        case "||": case "&&": return { op: type, left, right: this.expression(POWER[type]) };
        case "[]": return { op: "project", of: { op: "flatten", of: left }, each: this.projected(POWER["[]"]) };
        case "[?": return this.filter(left);
        case "[": return this.bracket(left, false);
        case "(": return wrong("only a name can be called");
        default:
          return type in POWER && POWER[type] === 5 ? { op: "compare", how: type, left, right: this.expression(5) } : wrong(`unexpected ${type}`);
      }
    }
    dotted(power) {
      if (this.type === "[") {
        this.next();
        return this.list();
      }
      if (this.type === "{") {
        this.next();
        return this.hash();
      }
      if (!["name", "quoted", "*"].includes(this.type)) wrong(`unexpected ${this.type} after a dot`);
      return this.expression(power);
    }
    // What is applied to each element of a projection.
    projected(power) {
      if ((POWER[this.type] ?? 0) < PROJECTS_UNTIL) return { op: "current" };
      if (this.type === "[" || this.type === "[?") return this.expressionOn(power);
      if (this.accept(".")) return this.dotted(power);
      return wrong(`unexpected ${this.type}`);
    }
    expressionOn(power) {
      let left = { op: "current" };
      while (power < (POWER[this.type] ?? 0)) left = this.infix(this.next().type, left);
      return left;
    }
    filter(of) {
      const test = this.expression(0);
      this.expect("]");
      return { op: "filter", of, test, each: this.type === "[]" ? { op: "current" } : this.projected(POWER["[?"]) };
    }
    bracket(left, fresh) {
      if (this.type === "*" && this.tokens[this.at + 1].type === "]") {
        this.at += 2;
        return { op: "project", of: left, each: this.projected(POWER["*"]) };
      }
      if (this.type === "number" || this.type === ":") return this.index(left);
      return fresh ? this.list() : wrong(`unexpected ${this.type} between brackets`);
    }
    index(left) {
      const parts = [null, null, null];
      let place = 0;
      while (this.type !== "]") {
        if (this.type === ":") {
          place += 1;
          if (place > 2) wrong("too many colons in a slice");
          this.next();
        } else {
          if (this.type !== "number") wrong(`unexpected ${this.type} between brackets`);
          parts[place] = this.next().value;
        }
      }
      this.expect("]");
      if (place === 0) return { op: "chain", first: left, then: { op: "index", at: parts[0] } };
      return { op: "project", of: { op: "slice", of: left, parts }, each: this.projected(POWER["*"]) };
    }
    list() {
      const parts = [];
      do parts.push(this.expression(0)); while (this.accept(","));
      this.expect("]");
      return { op: "list", parts };
    }
    hash() {
      const parts = [];
      do {
        const key = this.next();
        if (key.type !== "name" && key.type !== "quoted") wrong(`unexpected ${key.type} as a key`);
        this.expect(":");
        parts.push([key.value, this.expression(0)]);
      } while (this.accept(","));
      this.expect("}");
      return { op: "hash", parts };
    }
    call(name) {
      this.expect("(");
      const parts = [];
      if (this.type !== ")") do parts.push(this.expression(0)); while (this.accept(","));
      this.expect(")");
      return { op: "call", name, parts };
    }
  }

  const isObject = (value) => typeof value === "object" && value !== null && !isArray(value);
  const falsy = (value) => value === null || value === undefined || value === false || value === "" ||
    (isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);
  const { same } = kit.module("extensions");
  const orNull = (value) => (value === undefined ? null : value);

  function slice(list, [start, stop, step]) {
    const by = step ?? 1;
    if (by === 0) wrong("a slice cannot have step 0");
    const clamp = (value, low, high) => Math.min(Math.max(value < 0 ? value + list.length : value, low), high);
    const from = start === null ? (by < 0 ? list.length - 1 : 0) : clamp(start, by < 0 ? -1 : 0, by < 0 ? list.length - 1 : list.length);
    const to = stop === null ? (by < 0 ? -1 : list.length) : clamp(stop, by < 0 ? -1 : 0, by < 0 ? list.length - 1 : list.length);
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
      if (name === "constructor" || name === "__proto__" || name === "prototype") fail(`$jmespath(): ${name} cannot be queried`);
      return isObject(value) && ownKey(value, name) ? orNull(value[name]) : null;
    },
    index: ({ at }, value) => (isArray(value) ? orNull(value[at < 0 ? at + value.length : at]) : null),
    chain: ({ first, then, pipe }, value) => {
      const left = run(first, value);
      return left === null && !pipe && then.op !== "list" && then.op !== "hash" ? run(then, null) : left === null && !pipe ? null : run(then, left);
    },
    slice: ({ of, parts }, value) => { const list = run(of, value); return isArray(list) ? slice(list, parts) : null; },
    flatten: ({ of }, value) => { const list = run(of, value); return isArray(list) ? list.flat() : null; },
    project: ({ of, each }, value) => { const list = run(of, value); return isArray(list) ? project(list, each) : null; },
    values: ({ of, each }, value) => { const object = run(of, value); return isObject(object) ? project(Object.values(object), each) : null; },
    filter: ({ of, test, each }, value) => {
      const list = run(of, value);
      return isArray(list) ? project(list.filter((item) => !falsy(run(test, item))), each) : null;
    },
    not: ({ of }, value) => falsy(run(of, value)),
    "||": ({ left, right }, value) => { const first = run(left, value); return falsy(first) ? run(right, value) : first; },
    "&&": ({ left, right }, value) => { const first = run(left, value); return falsy(first) ? first : run(right, value); },
    compare: ({ how, left, right }, value) => {
      const [a, b] = [run(left, value), run(right, value)];
      switch (how) {
        case "==": return same(a, b);
        case "!=": return !same(a, b);
        case "<": return a < b;
        case ">": return a > b;
        case "<=": return a <= b;
        default: return a >= b;
      }
    },
    list: ({ parts }, value) => (value === null ? null : parts.map((part) => run(part, value))),
    hash: ({ parts }, value) => (value === null ? null : Object.fromEntries(parts.map(([key, part]) => [key, run(part, value)]))),
    reference: ({ of }) => ({ reference: of }),
    call: ({ name, parts }, value) => call(name, parts.map((part) => run(part, value))),
  };
  function run(node, value) { return orNull(STEPS[node.op](node, value)); }

  const typeOf = (value) => (value === null ? "null" : isArray(value) ? "array" : typeof value === "object" ? (ownKey(value, "reference") && "op" in value.reference ? "expref" : "object") : typeof value);
  const all = (value, type) => isArray(value) && value.every((item) => typeOf(item) === type);
  const TYPES = {
    any: (value) => typeOf(value) !== "expref", number: (value) => typeof value === "number", string: (value) => typeof value === "string",
    array: isArray, object: (value) => typeOf(value) === "object", expref: (value) => typeOf(value) === "expref",
    numbers: (value) => all(value, "number"), strings: (value) => all(value, "string"), sortable: (value) => all(value, "number") || all(value, "string"),
    countable: (value) => typeof value === "string" || isArray(value) || typeOf(value) === "object", sequence: (value) => typeof value === "string" || isArray(value),
  };
  const keyed = (name, list, reference) => list.map((item) => {
    const key = run(reference.reference, item);
    if (typeof key !== "number" && typeof key !== "string") throw new TypeError(`JMESPath: ${name}() needs numbers or strings`);
    return [key, item];
  });
  const byKey = ([a], [b]) => (a > b ? 1 : a < b ? -1 : 0);
  const best = (list, sign) => (list.length === 0 ? null : list.reduce((a, b) => ((b > a ? 1 : -1) * sign > 0 ? b : a)));
  const FUNCTIONS = {
    __proto__: null,
    abs: ["number", Math.abs], ceil: ["number", Math.ceil], floor: ["number", Math.floor],
    avg: ["numbers", (list) => list.reduce((sum, n) => sum + n, 0) / list.length], sum: ["numbers", (list) => list.reduce((sum, n) => sum + n, 0)],
    contains: ["sequence any", (subject, search) => (typeof subject === "string" ? subject.includes(search) : subject.some((item) => same(item, search)))],
    ends_with: ["string string", (text, end) => text.endsWith(end)], starts_with: ["string string", (text, start) => text.startsWith(start)],
    join: ["string strings", (glue, list) => list.join(glue)], keys: ["object", (value) => Object.keys(value)], values: ["object", (value) => Object.values(value)],
    length: ["countable", (value) => (typeOf(value) === "object" ? Object.keys(value).length : value.length)],
    map: ["expref array", (reference, list) => list.map((item) => run(reference.reference, item))],
    max: ["sortable", (list) => best(list, 1)], min: ["sortable", (list) => best(list, -1)],
    max_by: ["array expref", (list, ref) => { const sorted = keyed("max_by", list, ref).sort(byKey); const top = sorted[sorted.length - 1]; return top === undefined ? null : sorted.find(([key]) => key === top[0])[1]; }],
    min_by: ["array expref", (list, ref) => keyed("min_by", list, ref).sort(byKey)[0]?.[1] ?? null],
    reverse: ["sequence", (value) => (typeof value === "string" ? [...value].reverse().join("") : [...value].reverse())],
    sort: ["sortable", (list) => [...list].sort((a, b) => (a > b ? 1 : a < b ? -1 : 0))],
    sort_by: ["array expref", (list, ref) => keyed("sort_by", list, ref).sort(byKey).map(([, item]) => item)],
    to_array: ["any", (value) => (isArray(value) ? value : [value])],
    to_number: ["any", (value) => (typeof value === "number" ? value : typeof value === "string" && !Number.isNaN(+value) && value.trim() !== "" ? +value : null)],
    to_string: ["any", (value) => (typeof value === "string" ? value : JSON.stringify(value))], type: ["any", typeOf],
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
    if (data instanceof NativeDate) return null;
    return run(new Parser(text).query(), data);
  }
  return { query };
})
