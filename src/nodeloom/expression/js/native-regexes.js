// Regular expressions, within bounds (native-bounds.js). QuickJS looks at the clock once in ten thousand steps of a
// search, but not between searches: so each search is counted here. What a search cannot be stopped in is refused.
(function (kit) {
  "use strict";
  const { fail } = kit;
  const { LONG, MOST, tooLong, replace, change, put, textOf } = kit.bounds;
  const { spend, spelt, calledBack, uncurried, index, cut } = kit.bounds;
  const { construct, ownKeys } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor: describe } = Object;
  const NativeRegExp = RegExp;
  const expressions = NativeRegExp.prototype;
  const { exec, [Symbol.replace]: replaceAll, [Symbol.split]: split } = expressions;
  const sourceOf = uncurried(describe(expressions, "source").get);

  // A group that is referred back to may be as long as the text, and comparing with it is one step.
  const LONG_TEXT = 20000;
  const SEARCH = 100; // what a search counts for, of the work after which the clock is looked at
  const refersBack = uncurried(expressions.test).bind(undefined, /\\(?:[1-9]|k<)/);
  replace(expressions, "exec", {
    exec(text) {
      const searched = typeof text === "string" ? text : `${text}`;
      if (searched.length > LONG_TEXT && refersBack(sourceOf(this)))
        fail(`A regular expression that refers back to a group searches no more than ${LONG_TEXT} characters`);
      spend(SEARCH);
      return exec.call(this, searched);
    },
  }.exec);

  change(NativeRegExp, "escape", (native, name) => ({
    call(text) {
      if (typeof text === "string" && text.length > MOST) tooLong(name, text.length, MOST, "characters");
      if (typeof text === "string") spend(text.length);
      return native(text);
    },
  }.call));

  // Reading a pattern takes the square of its length, and a class of Unicode's takes long by itself.
  const LONGEST = 30000;
  const CLASSES = 200;
  const SETS = 25; // so many classes does a set of sequences count for
  function count(text, sought) {
    let found = 0;
    for (let at = index(text, sought, 0); at >= 0; at = index(text, sought, at + 1)) found++;
    return found;
  }
  function checkPattern(pattern, flags) {
    if (pattern.length <= 2 * CLASSES) return;
    if (pattern.length > LONGEST)
      fail(`A regular expression may have ${LONGEST} characters; this one has ${pattern.length}`);
    const sets = index(`${flags}`, "v") >= 0 ? count(pattern, "Emoji") : 0;
    spend(pattern.length);
    if (count(pattern, "\\p") + count(pattern, "\\P") + SETS * sets > CLASSES)
      fail(`A regular expression may have ${CLASSES} classes of Unicode characters, such as \\p{L}`);
  }
  const made = function RegExp(pattern, flags) {
    const given = pattern instanceof NativeRegExp;
    if (new.target === undefined && given && flags === undefined) return pattern;
    const text = given ? sourceOf(pattern) : pattern === undefined ? "" : spelt(pattern);
    checkPattern(text, flags ?? (given ? pattern.flags : ""));
    const target = new.target === undefined || new.target === made ? NativeRegExp : new.target;
    return construct(NativeRegExp, [given ? pattern : text, flags], target); // one that exists is not read again
  };
  for (const key of ownKeys(NativeRegExp)) defineProperty(made, key, describe(NativeRegExp, key));
  put(expressions, "constructor", made);
  put(globalThis, "RegExp", made);
  delete expressions.compile;
  // A text that is searched for becomes a regular expression.
  const symbols = { match: Symbol.match, matchAll: Symbol.matchAll, search: Symbol.search };
  change(String.prototype, "match matchAll search", (_, name) => ({
    call(sought) {
      const text = textOf(this, name);
      if (sought !== null && typeof sought === "object") {
        const searcher = sought[symbols[name]];
        if (name === "matchAll" && sought instanceof NativeRegExp && index(sought.flags, "g") < 0)
          throw new TypeError("matchAll() takes regular expressions with the flag g only");
        if (searcher !== undefined && searcher !== null) return searcher.call(sought, text);
      }
      return new made(sought, name === "matchAll" ? "g" : undefined)[symbols[name]](text);
    },
  }.call));

  // What stands in place of a match, for patterns of replacement that are long themselves.
  function substitution(template, match, at, text, groups) {
    spend(template.length);
    return template.replace(/\$(?:([$&`'])|(\d\d?)|<([^>]*)>)/g, (whole, sign, digits, name) => {
      if (sign === "$") return "$";
      if (sign === "&") return match[0];
      if (sign === "`") return cut(text, 0, at);
      if (sign === "'") return cut(text, at + match[0].length);
      if (name !== undefined) return groups === undefined ? whole : (groups[name] ?? "");
      if (+digits > 0 && +digits < match.length) return match[+digits] ?? "";
      return +digits[0] > 0 && +digits[0] < match.length ? (match[+digits[0]] ?? "") + digits.slice(1) : whole;
    });
  }
  replace(expressions, Symbol.replace, {
    call(text, by) {
      if (typeof by === "function") return replaceAll.call(this, text, calledBack(by));
      const template = spelt(by);
      if (template.length <= LONG) return replaceAll.call(this, text, template);
      return replaceAll.call(this, text, (...match) => {
        const groups = typeof match[match.length - 1] === "object" ? match.pop() : undefined;
        const [at, whole] = match.splice(match.length - 2, 2);
        return substitution(template, match, at, whole, groups);
      });
    },
  }.call);
  // QuickJS splits by a search at every character.
  const next = (regex, text, at) =>
    regex.unicode || regex.unicodeSets ? at + (text.codePointAt(at) > 0xffff ? 2 : 1) : at + 1;
  replace(expressions, Symbol.split, {
    call(value, limit) {
      const text = spelt(value);
      if (text.length <= LONG || !(this instanceof NativeRegExp)) return split.call(this, text, limit);
      const most = limit === undefined ? 2 ** 32 - 1 : limit >>> 0;
      const regex = new made(this, `${this.flags}`.replace(/[gy]/g, "") + "g");
      const parts = [];
      let at = 0;
      for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
        const end = match.index + match[0].length;
        if (match[0] === "") {
          regex.lastIndex = next(regex, text, end);
          if (match.index === at || match.index >= text.length) continue;
        }
        parts.push(cut(text, at, match.index), ...match.slice(1));
        if (parts.length >= most) break;
        at = end;
      }
      parts.push(cut(text, at));
      return parts.slice(0, most);
    },
  }.call);
});
