// The `$` names of a scope and the small helper functions (n8n's "convenience" functions).
(function (kit) {
  "use strict";
  const { define, constant, need, read, once, fail, source, item, ownKey, ProxyOf, isArray } = kit;

  // If there is no item, its data is an object that fails when it is looked at.
  const noItem = () => fail("There is no item here: the index is out of range, or there are no input items");
  const nothing = new ProxyOf({}, { get: noItem, has: noItem, ownKeys: noItem, getOwnPropertyDescriptor: noItem });
  const json = () => once("$json", () => (item.exists ? item.json.get() : nothing));
  const rest = () => once("rest", () => (item.exists ? item.rest.get() : nothing));
  define("$json", json);
  define("$data", json);
  define("$binary", () => rest().binary ?? {});
  define("$thisItem", () => (item.exists ? { ...rest(), json: json() } : undefined));
  for (const name of ["$itemIndex", "$position", "$thisItemIndex"]) define(name, () => item.index);

  const environment = () => once("environment", () => read(need("environment", "")));
  define("$runIndex", () => environment().runIndex);
  define("$thisRunIndex", () => environment().runIndex);
  const given = (value) => value ?? undefined;
  define("$vars", () => given(environment().vars));
  define("$workflow", () => ({ active: false, id: undefined, name: undefined, ...environment().workflow }));
  define("$execution", () => given(environment().execution));
  define("$executionId", () => environment().execution?.id);
  define("$mode", () => environment().execution?.mode ?? "manual");
  define("$tool", () => ({ name: undefined, parameters: undefined }));
  define("$self", () => ({}));
  define("$prevNode", () => ({ name: undefined, outputIndex: undefined, runIndex: undefined }));
  constant("$nodeVersion", 1);

  const blocked = () =>
    fail("Access to environment variables is blocked; the host of this run decides which there are");
  define("$env", () => {
    const env = environment().env;
    if (env !== null) return env;
    return new ProxyOf({}, { get: blocked, has: blocked, ownKeys: blocked, getOwnPropertyDescriptor: blocked });
  });

  // All items of this run, the current one being the object `$json` belongs to.
  const everything = source();
  const items = () =>
    once("items", () => {
      everything.keep(need("items", ""));
      const list = everything.get();
      if (list.length === 0) fail("There are no input items");
      if (!Object.isFrozen(list) && item.index >= 0 && item.index < list.length)
        list[item.index] = { ...rest(), json: json() };
      return list;
    });
  const current = () => once("$input.item", () => ({ ...rest(), json: json() }));
  const noRun = (what) => fail(`${what} is not known: it is that of the node before this one`);
  // What it has is its prototype's, so that it shows no keys (n8n).
  const input = {
    get item() {
      return current();
    },
    first(...args) {
      return args.length ? fail("$input.first() takes no arguments") : items()[0];
    },
    last(...args) {
      return args.length ? fail("$input.last() takes no arguments") : items()[items().length - 1];
    },
    all() {
      return items();
    },
    get params() {
      return noRun("$input.params");
    },
    get context() {
      return noRun("$input.context");
    },
  };
  kit.keep(input);
  define("$input", () => Object.create(input));
  const itemsOf = (node) => once(`node ${node}`, () => read(need("node", `${node}`)));
  const itemsHere = () => {
    // Without a run there is no node whose items these would be.
    if (!environment().isRun) throw new TypeError("there is no run");
    return items();
  };
  define("$items", () => (node) => (node === undefined ? itemsHere() : itemsOf(node)));
  define("$item", () => (index) => {
    const item = items()[index] ?? fail(`There is no item ${index}`);
    return { $json: item.json, $data: item.json, $binary: item.binary ?? {}, $itemIndex: index, $input: { item } };
  });

  const at = (list, index, node) => list[index] ?? fail(`The node ${JSON.stringify(node)} has no item ${index}`);
  const nodeProxy = (node) => {
    const list = itemsOf(node);
    return {
      get item() {
        return at(list, paired(), node);
      },
      itemMatching(index) {
        return at(list, index ?? fail("itemMatching() needs the number of an item"), node);
      },
      pairedItem(index) {
        return at(list, index ?? paired(), node);
      },
      first() {
        return list[0];
      },
      last() {
        return list[list.length - 1];
      },
      all() {
        return list;
      },
      get isExecuted() {
        return true;
      },
      get params() {
        return {};
      },
      get context() {
        return {};
      },
    };
  };
  const paired = () => {
    const link = rest().pairedItem;
    const first = isArray(link) ? link[0] : link;
    return typeof first === "number" ? first : (first?.item ?? item.index);
  };
  constant("$", (node) => nodeProxy(node));
  define(
    "$node",
    () =>
      new ProxyOf(
        {},
        {
          get(_, node) {
            if (typeof node !== "string") return undefined;
            const list = itemsOf(node);
            return {
              get json() {
                return at(list, item.index, node).json;
              },
              get data() {
                return at(list, item.index, node).json;
              },
              get binary() {
                return at(list, item.index, node).binary ?? {};
              },
              get runIndex() {
                return environment().runIndex;
              },
              get parameter() {
                return {};
              },
              get context() {
                return {};
              },
            };
          },
        },
      ),
  );

  // The node's own parameters, resolved one by one as they are asked for.
  const parameters = (kind) => {
    const known = () => once(`${kind} names`, () => read(need(kind, "names")));
    const value = (key) => once(`${kind} =${key}`, () => read(need(kind, `=${key}`)));
    return new ProxyOf(
      {},
      {
        // `&name` is a member beside the one that is resolved.
        get: (_, key) => {
          const isThere = typeof key === "string" && (key[0] === "&" || known().includes(key));
          return isThere ? value(key) : undefined;
        },
        has: (_, key) => known().includes(key),
        ownKeys: () => known(),
        getOwnPropertyDescriptor: (_, key) =>
          known().includes(key)
            ? { value: value(key), enumerable: true, configurable: true, writable: true }
            : undefined,
      },
    );
  };
  define("$parameter", () => parameters("parameter"));
  define("$rawParameter", () => parameters("rawParameter"));

  const isEmpty = (value) =>
    value === undefined ||
    value === null ||
    value === "" ||
    (isArray(value) && value.length === 0) ||
    (typeof value === "object" && !isArray(value) && Object.keys(value).length === 0);
  constant("$ifEmpty", (...args) => {
    if (args.length === 0) fail("$ifEmpty() needs the value to test");
    if (args.length !== 2) fail("$ifEmpty() takes a value and what to use instead");
    return isEmpty(args[0]) ? args[1] : args[0];
  });
  // `$if(test, a, b)` is rewritten to a choice that evaluates one of the two only; what is left is misuse.
  constant("$if", (...args) => {
    if (args.length > 1) throw new TypeError("$if() takes no spread arguments");
    throw new kit.ExpressionExtensionError("$if() takes a test, a value if it holds and a value if not");
  });
  const isKey = /^[a-zA-Z0-9_-]{0,64}$/;
  const modelValue = (key, _description, _type, fallback) => {
    if (!key) fail("$fromAI() needs a key");
    if (!isKey.test(key)) fail("The key of $fromAI() is 1 to 64 letters, digits, underscores and hyphens");
    return ownKey(json(), key) ? json()[key] : fallback;
  };
  for (const name of ["$fromAI", "$fromAi", "$fromai"]) constant(name, modelValue);
  constant("$getPairedItem", () => fail('$getPairedItem() is not available; use $("node").item'));
  constant("$evaluateExpression", () =>
    fail("$evaluateExpression() is not available: values are never read as expressions"),
  );
  // n8n's has these members; here they tell nothing of the process but the environment that the host passes.
  define("process", () => ({
    arch: "",
    env: environment().env ?? {},
    platform: "",
    pid: 0,
    ppid: 0,
    release: {},
    version: "",
    versions: {},
  }));
  const min = (...args) => Math.min(...args);
  const max = (...args) => Math.max(...args);
  const average = (...args) => kit.extend(args, "average", []);
  const not = (value) => !value;
  for (const [name, helper] of Object.entries({ min, max, average, not })) {
    constant(name, helper);
    constant(`$${name}`, helper);
  }
  constant("numberList", (from, to) => {
    const first = parseInt(from),
      length = Math.abs(parseInt(to) - first) + 1;
    if (length > 1e6) fail("numberList() makes no list of more than a million numbers");
    if (!Number.isInteger(length) || +from !== first) throw new RangeError("numberList() needs two whole numbers");
    const step = first > to ? -1 : 1;
    return Array.from({ length }, (_, i) => first + i * step);
  });
  constant("zip", (keys, values) => {
    if (!isArray(keys) || !isArray(values)) fail("zip() needs two arrays, keys and values");
    if (keys.length !== values.length) fail("zip() needs as many values as keys");
    const object = {};
    keys.forEach((key, i) => {
      object[key] = values[i];
    });
    return object;
  });
  constant("toPathSegment", (value) => {
    const text = value === null || value === undefined ? "" : `${value}`;
    if (text === "") fail("toPathSegment() needs a value that is not empty");
    if (text === "." || text === "..") fail(`toPathSegment(): ${JSON.stringify(text)} is not a segment of a path`);
    return encodeURIComponent(text);
  });
  // A value as a literal of OData (v4.01 ABNF, primitiveLiteral): for authors who write a `$filter` as one expression.
  const literalOf = (value) => {
    if (value === null || typeof value === "boolean" || typeof value === "bigint") return `${value}`;
    if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
    if (typeof value === "number" && Number.isFinite(value)) return `${value}`;
    if (value instanceof kit.NativeDate && Number.isFinite(+value)) return value.toISOString();
    if (!kit.isLoaded("datetime") || !(value instanceof kit.module("datetime").DateTime)) return undefined;
    return value.isValid ? value.toISO() : undefined;
  };
  constant("odata", (value) => {
    if (value === undefined) fail("odata() got nothing to write: its value is undefined");
    return literalOf(value) ?? fail("odata() writes text, numbers, true, false, null and dates, nothing else");
  });
  constant("extend", (value, method, args) => kit.extend(value, method, args));
  constant("extendOptional", (value, method) => kit.module("extensions").extendOptional(value, method));
  const luxon = (name) => define(name, () => kit.module(name.toLowerCase())[name]);
  for (const name of ["DateTime", "Duration", "Interval"]) luxon(name);
  define("$now", () => kit.module("datetime").DateTime.now());
  define("$today", () => kit.module("datetime").DateTime.now().startOf("day"));
  const jmespath = () => (data, query) => kit.module("jmespath").query(data, query);
  define("$jmespath", jmespath);
  define("$jmesPath", jmespath);
  define("Intl", () => kit.module("intl").Intl);

  const dangerous =
    "document window global self globalThis eval Function setTimeout setInterval setImmediate Window Atomics " +
    "queueMicrotask __dirname __filename require module Buffer fetch XMLHttpRequest Promise Generator " +
    "GeneratorFunction AsyncFunction AsyncGenerator AsyncGeneratorFunction Reflect Proxy WebAssembly escape unescape uneval alert prompt confirm";
  for (const name of dangerous.split(" ")) define(name, () => ({}));
});
