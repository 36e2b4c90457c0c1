// Extension methods of arrays.
(function (kit) {
  "use strict";
  const { fail, same, none } = kit.module("extensions");
  const { isArray } = kit;
  const isObject = (value) => typeof value === "object" && value !== null;
  const isRecord = (value) => isObject(value) && !isArray(value);

  const needArray = (name, value, example) =>
    isArray(value) ? value : fail(`${name}(): expected an array, e.g. .${name}(${example})`);
  const needNumbers = (name, list) =>
    list.every((value) => typeof value === "number") ? list : fail(`${name}(): all array elements must be numbers`);
  const includes = (list, value) => list.some((other) => same(other, value));

  // A field that is the value's own, not one of every object of its kind.
  const own = (value, name) => (kit.ownKey(value, name) ? value[name] : undefined);

  // Arguments are names of fields, whatever they are: a list `["a", "b"]` is the field `a,b` (n8n).
  function unique(list, names) {
    const view = (value) => (names.length === 0 || !isObject(value) ? value : names.map((name) => own(value, name)));
    const views = [];
    return list.filter((value) => {
      const seen = view(value);
      if (includes(views, seen)) return false;
      views.push(seen);
      return true;
    });
  }
  function pluck(list, names) {
    if (names.length === 0) return list;
    const plucked = [];
    for (const value of list) {
      if (!isObject(value)) continue;
      const keys = Object.keys(value);
      const found = keys.flatMap((key) => names.filter((name) => name === key).map(() => value[key]));
      if (found.length > 0) plucked.push(found.length === 1 ? found[0] : found);
    }
    return plucked;
  }
  const sum = (list) => needNumbers("sum", list).reduce((total, value) => total + value, 0);
  function extreme(name, list) {
    let best = name === "min" ? Infinity : -Infinity;
    for (const value of needNumbers(name, list)) best = Math[name](best, value);
    return best;
  }
  // An object without its empty values; arrays inside come out as objects, as n8n has it.
  function compactObject(value) {
    const kept = {};
    for (const key of Object.keys(value)) {
      const inner = value[key];
      if (inner === null || inner === undefined || inner === "nil" || inner === "") continue;
      if (typeof inner === "object") {
        if (Object.keys(inner).length > 0) put(kept, key, compactObject(inner));
      } else {
        put(kept, key, inner);
      }
    }
    return kept;
  }
  function compact(list) {
    return list
      .filter(
        (value) =>
          value !== null &&
          value !== undefined &&
          value !== "nil" &&
          value !== "" &&
          !(typeof value === "object" && Object.keys(value).length === 0),
      )
      .map((value) => (typeof value === "object" ? compactObject(value) : value));
  }
  function chunk(list, size) {
    if (typeof size !== "number" || size === 0 || (size < 0 && list.length > 0)) {
      return fail("chunk(): expected a positive number, e.g. .chunk(5)");
    }
    const chunks = [];
    for (let i = 0; i < list.length; i += size) chunks.push(list.slice(i, i + size));
    return chunks;
  }
  function renameKeys(list, names) {
    if (names.length === 0 || names.length % 2 !== 0) {
      return fail('renameKeys(): expected an even number of names, e.g. .renameKeys("old", "new")');
    }
    return list.map((value) => {
      if (!isObject(value)) return value;
      const renamed = { ...value };
      for (let i = 0; i < names.length; i += 2) {
        if (!kit.ownKey(renamed, names[i])) continue;
        put(renamed, names[i + 1], renamed[names[i]]);
        delete renamed[names[i]];
      }
      return renamed;
    });
  }
  const put = (object, key, value) =>
    kit.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  const putAll = (object, values) => Object.entries(values).forEach(([key, value]) => put(object, key, value));
  // `first` and what only `second` has.
  function joined(first, second) {
    if (!second) return first;
    const both = { ...first };
    for (const [key, value] of Object.entries(second)) if (!kit.ownKey(both, key)) put(both, key, value);
    return both;
  }
  // Without an argument one object of all objects, in which the first of equal keys holds.
  const mergeAll = (list) => list.reduce((all, value) => (isRecord(value) ? joined(all, value) : all), {});
  // The pairs of two lists in one object: within a pair the first list holds, and the last of all pairs.
  function merge(list, [other]) {
    if (other === undefined) return mergeAll(list);
    needArray("merge", other, "[{ id: 1 }]");
    const merged = {};
    for (let i = 0; i < Math.max(list.length, other.length); i++) {
      if (typeof list[i] === "object" && typeof other[i] === "object") putAll(merged, joined(list[i], other[i]));
    }
    return merged;
  }
  // As `merge`, with the objects that have no other one beside them.
  function mergeIntoObject(list, [other]) {
    needArray("mergeIntoObject", other, "[{ id: 1 }]");
    const merged = {};
    for (let i = 0; i < Math.max(list.length, other.length); i++) {
      if (isObject(list[i])) putAll(merged, joined(list[i], isObject(other[i]) ? other[i] : undefined));
      else if (isObject(other[i])) putAll(merged, other[i]);
    }
    return merged;
  }
  function smartJoin(list, keyName, valueName) {
    if (typeof keyName !== "string" || typeof valueName !== "string" || !keyName || !valueName) {
      return fail('smartJoin(): expected two names, e.g. .smartJoin("name", "value")');
    }
    const object = {};
    for (const value of list) {
      if (isObject(value) && kit.ownKey(value, keyName) && kit.ownKey(value, valueName))
        put(object, value[keyName], value[valueName]);
    }
    return object;
  }

  return {
    __proto__: null,
    removeDuplicates: unique,
    unique,
    first: (list) => list[0],
    last: (list) => list[list.length - 1],
    reverse: (list) => [...list].reverse(),
    pluck,
    randomItem: (list) => (list.length === 0 ? undefined : list[Math.floor(Math.random() * list.length)]),
    sum,
    min: (list) => extreme("min", list),
    max: (list) => extreme("max", list),
    average: (list) =>
      list.length === 0 ? 0 : needNumbers("average", list).reduce((total, value) => total + value, 0) / list.length,
    isNotEmpty: (list) => list.length > 0,
    isEmpty: (list) => list.length === 0,
    compact,
    smartJoin: (list, [key, value]) => smartJoin(list, key, value),
    chunk: (list, [size]) => chunk(list, size),
    renameKeys,
    merge,
    mergeIntoObject,
    union: (list, [other]) => unique([...list, ...needArray("union", other, "[1, 2]")], []),
    difference: (list, [other]) => {
      needArray("difference", other, "[1, 2]");
      return unique(
        list.filter((value) => !includes(other, value)),
        [],
      );
    },
    intersection: (list, [other]) => {
      needArray("intersection", other, "[1, 2]");
      return unique(
        list.filter((value) => includes(other, value)),
        [],
      );
    },
    append: (list, values) => [...list, ...values],
    toJsonString: (list) => JSON.stringify(list),
    toInt: none,
    toFloat: none,
    toBoolean: none,
    toDateTime: none,
    compactObject,
  };
});
