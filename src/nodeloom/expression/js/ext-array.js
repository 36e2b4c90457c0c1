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

  function unique(list, keys) {
    const names = keys.filter((key) => typeof key === "string");
    const view = (value) => (names.length === 0 || !isObject(value) ? value : names.map((key) => value[key]));
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
      const found = names.filter((name) => typeof name === "string" && name in value).map((name) => value[name]);
      if (found.length === 1) plucked.push(found[0]);
      else if (found.length > 1) plucked.push(found);
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
        if (Object.keys(inner).length > 0) kept[key] = compactObject(inner);
      } else {
        kept[key] = inner;
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
    if (typeof size !== "number" || !size || size < 0) {
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
      if (!isRecord(value)) return value;
      const renamed = { ...value };
      for (let i = 0; i < names.length; i += 2) {
        if (!kit.ownKey(renamed, names[i])) continue;
        const inner = renamed[names[i]];
        delete renamed[names[i]];
        renamed[names[i + 1]] = inner;
      }
      return renamed;
    });
  }
  // One object of all objects; what comes first holds.
  function mergeAll(parts) {
    const merged = {};
    for (const part of parts) {
      if (!isRecord(part)) continue;
      for (const key of Object.keys(part)) if (!kit.ownKey(merged, key)) merged[key] = part[key];
    }
    return merged;
  }
  function merge(list, [other]) {
    if (other === undefined) return mergeAll(list);
    needArray("merge", other, "[{ id: 1 }]");
    return mergeAll(list.flatMap((value, i) => [value, other[i]]));
  }
  function smartJoin(list, keyName, valueName) {
    if (typeof keyName !== "string" || typeof valueName !== "string" || !keyName || !valueName) {
      return fail('smartJoin(): expected two names, e.g. .smartJoin("name", "value")');
    }
    const joined = {};
    for (const value of list) {
      if (isObject(value) && keyName in value && valueName in value) joined[value[keyName]] = value[valueName];
    }
    return joined;
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
    mergeIntoObject: (list, [other]) => merge(list, [needArray("mergeIntoObject", other, "[{ id: 1 }]")]),
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
