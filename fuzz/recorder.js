// Runs programs where everything they can reach is a recorder: names resolve below `with (scope)`, unknown ones to
// objects that note what is done with them. `recording.py` calls the functions that this returns.
globalThis.recorder = function (globalNames) {
  const { Function: FunctionOf, Proxy: ProxyOf, Reflect: R, Object: O, Array: A, Symbol: S, RegExp: RegExpOf, Map: M } =
    globalThis;
  const { keys, getPrototypeOf, getOwnPropertyDescriptor, freeze, defineProperty } = O;
  const { stringify } = JSON;
  const own = R.ownKeys;
  const globals = { __proto__: null };
  for (const name of globalNames) globals[name] = globalThis[name];
  defineProperty(FunctionOf.prototype, "toString", { value: () => "function" });
  const push = FunctionOf.prototype.call.bind(A.prototype.push);
  const join = FunctionOf.prototype.call.bind(A.prototype.join);
  const isArray = A.isArray;
  let log, names, asked, variables;
  const note = (what) => {
    if (log.length < 500) push(log, what);
  };
  // A recorder by its label, which says where it comes from: always the same one for the same label.
  const recorders = new M();
  const labels = new M();
  const has = FunctionOf.prototype.call.bind(M.prototype.has);
  const find = FunctionOf.prototype.call.bind(M.prototype.get);
  const keep = FunctionOf.prototype.call.bind(M.prototype.set);
  const spelled = (key) => (typeof key === "symbol" ? "symbol" : key);
  // What is called by a name alone gets what `with` names as its `this`.
  const whose = (value) =>
    has(labels, value) ? find(labels, value) : value === scope ? "undefined" : value === SELF ? "self" : typeof value;
  function recorder(label) {
    if (label.length > 80) label = "…";
    if (!has(recorders, label)) {
      const made = new ProxyOf(function () {}.bind(), traps(label));
      keep(recorders, label, made);
      keep(labels, made, label);
    }
    return find(recorders, label);
  }
  const traps = (label) => ({
    get(_, key) {
      if (key === S.toPrimitive) return note("primitive " + label), () => 7;
      if (key === S.iterator)
        return (
          note("iterator " + label),
          function* () {
            yield recorder(label + "#1");
            yield recorder(label + "#2");
          }
        );
      if (key === S.hasInstance) return note("hasInstance " + label), () => false;
      if (typeof key === "symbol") return undefined;
      note("get " + label + "." + key);
      return key === "prototype" ? O.prototype : key === "length" ? 2 : recorder(label + "." + key);
    },
    set: (_, key, value) => (note("set " + label + "." + spelled(key) + " " + whose(value)), true),
    has: (_, key) => (note("has " + label + "." + spelled(key)), true),
    deleteProperty: (_, key) => (note("delete " + label + "." + spelled(key)), true),
    apply: (_, that, given) => (note("call " + label + " " + given.length + " on " + whose(that)), recorder(label + "()")),
    construct: (_, given) => (note("new " + label + " " + given.length), {}),
    ownKeys: () => (note("keys " + label), []),
    getOwnPropertyDescriptor: () => undefined,
    defineProperty: () => (note("define " + label), true),
    getPrototypeOf: () => null,
    setPrototypeOf: () => true,
  });
  const SELF = { process: {} };
  function valueOf(name) {
    if (name in variables) return variables[name];
    return name in globals ? globals[name] : recorder(name);
  }
  const scope = new ProxyOf(
    {},
    {
      has(_, key) {
        if (typeof key === "string" && names.length < 500) push(names, key);
        return true;
      },
      get: (_, key) => (typeof key === "symbol" ? undefined : valueOf(key)),
      set: (_, key, value) => ((variables[key] = value), true),
      getOwnPropertyDescriptor: () => ({ value: undefined, configurable: true, writable: true, enumerable: true }),
      defineProperty: (_, key, what) => ((variables[key] = what.value), true),
      deleteProperty: () => false,
    },
  );
  const helpers = [
    (name) => (push(asked, typeof name === "string" ? name : "what is no text"), valueOf(name)),
    (value) => value,
    (value, name, given) => value[name](...given),
    (value, name, given) => value?.[name](...given),
    (value, name, given) => value?.[name]?.(...given),
    (value) => value,
    (parts) => join(parts, ""),
    (error) => {
      throw error;
    },
    (pattern, flags) => () => new RegExpOf(pattern, flags),
    (cooked, raw) => freeze(defineProperty(cooked, "raw", { value: freeze(raw) })),
    (value) => value, // as QuickJS has it, to which what is printed is compared
    () => SELF,
    (value) => value,
    (base, exponent) => base ** exponent,
    (error) => error,
    (value) => value,
    (_owner, key) => key,
  ];
  function told(value, depth) {
    if (has(labels, value)) return find(labels, value);
    if (value === SELF) return "self";
    switch (typeof value) {
      case "string":
        return stringify(value);
      case "function":
        return "function";
      case "symbol":
        return "symbol";
      case "bigint":
        return value + "n";
      case "object":
        break;
      default:
        return O.is(value, -0) ? "-0" : value + "";
    }
    if (value === null) return "null";
    if (depth > 4) return "…";
    const parts = [];
    for (const key of own(value)) {
      const property = getOwnPropertyDescriptor(value, key);
      if (!property || parts.length > 20) continue;
      push(parts, (typeof key === "symbol" ? "symbol" : stringify(key)) + ":" + ("value" in property ? told(property.value, depth + 1) : "accessor"));
    }
    const kind = getPrototypeOf(value);
    const mark = isArray(value) ? "array" : kind === O.prototype ? "" : kind === null ? "null" : has(labels, kind) ? find(labels, kind) : "other";
    return mark + "{" + join(parts, ",") + "}";
  }
  function record(make) {
    log = [];
    names = [];
    asked = [];
    variables = { __proto__: null };
    let outcome;
    try {
      outcome = "value " + told(make(), 0);
    } catch (error) {
      let kind = "something";
      try {
        if (!has(labels, error) && error instanceof Error) kind = getPrototypeOf(error).name;
        else kind = told(error, 0);
      } catch {}
      outcome = "throws " + kind;
    }
    return stringify([outcome, log, names, asked]);
  }
  return {
    printed: (source) => {
      const make = FunctionOf("scope", "with(scope){return " + source + "}");
      const program = make(scope);
      if (program.length !== helpers.length) throw new RangeError("a program takes other helpers than these");
      return record(() => program(...helpers)());
    },
    compiles: (code, strict) => {
      try {
        FunctionOf("scope", WRAP(code, strict));
        return "";
      } catch (error) {
        return error.message;
      }
    },
    written: (code) => {
      const make = FunctionOf("scope", WRAP(code, true));
      return record(() => make(scope).call(SELF));
    },
  };
  function WRAP(code, strict) {
    return "with(scope){return function(){" + (strict ? "'use strict';" : "") + "return (" + code + "\n)}}";
  }
};
