// JSON text of anything a package builds: functions as {"__function__": name}, what JSON does not have left out as
// JSON.stringify does, and noted. Uses nothing that the package could have replaced.
(placeholders) => {
  "use strict";
  const { stringify } = JSON;
  const { keys } = Object;
  const { isArray } = Array;
  const { isFinite } = Number;
  const { apply } = Reflect;
  const { toWellFormed, slice } = String.prototype;
  const text = String;
  const Seen = Set;
  const { has, add, delete: remove } = Set.prototype;
  const { originOf } = placeholders;
  const plain = Object.prototype;
  const MAX_DEPTH = 150;

  const quote = (value) => stringify(apply(toWellFormed, value, []));

  // `most`: how many values at most. Returns {text, notes, lost}.
  return (root, most) => {
    let count = 0;
    let notes = "";
    let lost = "";
    const around = new Seen();

    const note = (path, message) => {
      if (notes.length < 20000) notes += `${notes && ","}{"path":${quote(path)},"message":${quote(message)}}`;
    };
    const named = (callable) => {
      const { name } = callable;
      return typeof name === "string" && name ? apply(slice, name, [0, 200]) : "(anonymous)";
    };
    const callable = (value, path) => {
      const origin = originOf(value);
      if (origin === undefined) return `{"__function__":${quote(named(value))}}`;
      if (lost.length < 20000) {
        lost += `${lost && ","}{"path":${quote(path)},"name":${quote(origin.name)},"kind":${quote(origin.kind)}}`;
      }
      return `{"__function__":${quote(apply(slice, text(origin.path), [0, 200]))}}`;
    };
    const list = (value, path, depth) => {
      let inner = "";
      for (let index = 0; index < value.length; index += 1) {
        inner += `${index ? "," : ""}${write(value[index], `${path}[${index}]`, depth + 1) ?? "null"}`;
      }
      return `[${inner}]`;
    };
    const object = (value, path, depth) => {
      let inner = "";
      const names = keys(value);
      for (let index = 0; index < names.length; index += 1) {
        const key = names[index];
        const written = write(value[key], `${path}.${key}`, depth + 1);
        if (written !== undefined) inner += `${inner && ","}${quote(key)}:${written}`;
      }
      return `{${inner}}`;
    };
    const write = (value, path, depth) => {
      count += 1;
      if (count > most) throw new Error(`what the package builds has more than ${most} values`);
      switch (typeof value) {
        case "string":
          return quote(value);
        case "boolean":
          return value ? "true" : "false";
        case "number":
          if (isFinite(value)) return stringify(value);
          note(path, `${value} is no JSON; null stands for it`);
          return "null";
        case "undefined":
          return undefined;
        case "function":
          return callable(value, path);
        case "object":
          break;
        default:
          note(path, `a ${typeof value} is no JSON; it is left out`);
          return undefined;
      }
      if (value === null) return "null";
      if (depth > MAX_DEPTH) throw new Error(`what the package builds is nested deeper than ${MAX_DEPTH} levels`);
      if (apply(has, around, [value])) {
        note(path, "refers back to what holds it; it is left out");
        return undefined;
      }
      apply(add, around, [value]);
      try {
        if (isArray(value)) return list(value, path, depth);
        const { toJSON } = value;
        if (typeof toJSON === "function" && toJSON !== plain.toJSON && originOf(toJSON) === undefined) {
          return write(apply(toJSON, value, []), path, depth + 1);
        }
        return object(value, path, depth);
      } finally {
        apply(remove, around, [value]);
      }
    };
    const written = write(root, "$", 0) ?? "null";
    return { text: written, notes: `[${notes}]`, lost: `[${lost}]` };
  };
}
