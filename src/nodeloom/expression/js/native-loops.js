// Built-in methods that QuickJS runs as one loop without looking at the clock. A few characters of code
// (`Array(2 ** 32 - 1).concat()`, a global regular expression on a long text) would hold the thread for minutes, so these
// refuse arrays longer than memory could hold, or do their loop in JavaScript, which is interrupted. Runs before harden.js.
(function (kit) {
  "use strict";
  const { isArray } = kit;
  const MAX_LENGTH = 2 ** 23;
  const LONG_TEXT = 20000;
  const put = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  const arrays = Array.prototype;
  const { concat: nativeConcat } = arrays;

  function checked(value) {
    if (isArray(value) && value.length > MAX_LENGTH) kit.outOfMemory();
    return value;
  }
  // What only looks like an array may answer differently each time it is asked for its length, so it is copied.
  const copied = (value) => (isArray(value) || typeof value !== "object" ? checked(value) : checked(Array.from(value)));

  for (const name of ["slice", "join"]) {
    const native = arrays[name];
    put(
      arrays,
      name,
      {
        [name](...args) {
          return native.apply(copied(this), args);
        },
      }[name],
    );
  }
  for (const name of ["splice", "copyWithin", "unshift", "shift", "sort"]) {
    const native = arrays[name];
    put(
      arrays,
      name,
      {
        [name](...args) {
          if (!isArray(this) && !ArrayBuffer.isView(this)) throw new TypeError(`${name}() works on arrays only`);
          return native.apply(checked(this), args);
        },
      }[name],
    );
  }
  put(arrays, "concat", function concat(...args) {
    const parts = args.map((value) =>
      typeof value === "object" && value !== null && !isArray(value) && value[Symbol.isConcatSpreadable]
        ? Array.from(value)
        : checked(value),
    );
    return nativeConcat.apply(checked(this), parts);
  });
  function flatten(list, depth, into) {
    checked(list);
    for (let i = 0; i < list.length; i++) {
      if (!(i in list)) continue;
      if (depth > 0 && isArray(list[i])) flatten(list[i], depth - 1, into);
      else into.push(list[i]);
    }
    return into;
  }
  put(arrays, "flat", function flat(depth = 1) {
    return flatten(copied(this), Math.trunc(+depth) || 0, []);
  });
  put(arrays, "flatMap", function flatMap(change, object) {
    return flatten(copied(this).map(change, object), 1, []);
  });
  delete Iterator.prototype.drop;

  // Global regular expressions.
  const expressions = RegExp.prototype;
  const {
    [Symbol.match]: nativeMatch,
    [Symbol.matchAll]: nativeMatchAll,
    [Symbol.replace]: nativeReplace,
    [Symbol.split]: nativeSplit,
  } = expressions;
  const isLong = (regex, text) => regex instanceof RegExp && typeof text === "string" && text.length > LONG_TEXT;
  const next = (regex, text, at) =>
    regex.unicode || regex.unicodeSets ? at + (text.codePointAt(at) > 0xffff ? 2 : 1) : at + 1;
  function all(regex, text) {
    const found = [];
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
      found.push(match);
      if (match[0] === "") regex.lastIndex = next(regex, text, regex.lastIndex);
    }
    return found;
  }
  put(expressions, Symbol.match, function (text) {
    if (!isLong(this, text) || !this.global) return nativeMatch.call(this, text);
    const found = all(this, text);
    return found.length === 0 ? null : found.map((match) => match[0]);
  });
  put(expressions, Symbol.matchAll, function (text) {
    return isLong(this, text) && this.global ? all(new RegExp(this), text).values() : nativeMatchAll.call(this, text);
  });
  function substitution(template, match, text) {
    return template.replace(/\$(?:([$&`'])|(\d\d?)|<([^>]*)>)/g, (whole, sign, digits, name) => {
      if (sign === "$") return "$";
      if (sign === "&") return match[0];
      if (sign === "`") return text.slice(0, match.index);
      if (sign === "'") return text.slice(match.index + match[0].length);
      if (name !== undefined) return match.groups === undefined ? whole : (match.groups[name] ?? "");
      if (+digits > 0 && +digits < match.length) return match[+digits] ?? "";
      return +digits[0] > 0 && +digits[0] < match.length ? (match[+digits[0]] ?? "") + digits.slice(1) : whole;
    });
  }
  put(expressions, Symbol.replace, function (text, replacement) {
    if (!isLong(this, text) || !this.global) return nativeReplace.call(this, text, replacement);
    const parts = [];
    let at = 0;
    for (const match of all(this, text)) {
      const extra = match.groups === undefined ? [] : [match.groups];
      const value =
        typeof replacement === "function"
          ? `${replacement(...match, match.index, text, ...extra)}`
          : substitution(`${replacement}`, match, text);
      parts.push(text.slice(at, match.index), value);
      at = match.index + match[0].length;
    }
    return parts.join("") + text.slice(at);
  });
  put(expressions, Symbol.split, function (text, limit) {
    if (!isLong(this, text)) return nativeSplit.call(this, text, limit);
    const most = limit === undefined ? 2 ** 32 - 1 : limit >>> 0;
    const parts = [];
    let at = 0;
    for (const match of all(new RegExp(this, this.flags.replace(/[gy]/g, "") + "g"), text)) {
      const end = match.index + match[0].length;
      if (match[0] === "" && (match.index === at || match.index >= text.length)) continue;
      parts.push(text.slice(at, match.index), ...match.slice(1));
      at = end;
    }
    parts.push(text.slice(at));
    return parts.slice(0, most);
  });
});
