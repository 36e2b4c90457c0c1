// The methods of texts, within bounds (native-bounds.js). What grows with the length of one text stays QuickJS's own
// and looks at the clock before; searching for a long text and normalizing, which take the product of two lengths, are
// done here.
(function (kit) {
  "use strict";
  const { tick, fail } = kit;
  const { LONG, MOST, MOST_TEXT, MOST_JOINED, put, replace, change, spend, spelt, tooLong, textOf } = kit.bounds;
  const { calledBack, uncurried, index, lastIndex, cut } = kit.bounds;
  const { trunc, min, max } = Math;
  const texts = String.prototype;
  const { apply } = Reflect;
  const { concat } = texts;
  const own = { replace: texts.replace, replaceAll: texts.replaceAll };
  const names = ["normalize", "split", "replaceAll", "repeat"];
  const [normalize, split, replaceAll, repeat] = names.map((name) => uncurried(texts[name]));
  const joined = uncurried(Array.prototype.join);

  const isShort = (text) => typeof text === "string" && text.length <= LONG;
  change(texts, "toUpperCase toLowerCase repeat toWellFormed isWellFormed trim trimStart trimEnd", (native, name) => ({
    call(count) {
      return native.call(isShort(this) ? this : textOf(this, name), count);
    },
  }.call));
  put(texts, "trimLeft", texts.trimStart);
  put(texts, "trimRight", texts.trimEnd);
  change(texts, "anchor big blink bold fixed fontcolor fontsize italics link small strike sub sup", (native, name) => ({
    call(value) {
      return native.call(textOf(this, name), value);
    },
  }.call));
  change(texts, "padStart padEnd", (native, name) => ({
    call(length, fill) {
      if (isShort(this) && length <= LONG) return native.call(this, length, fill);
      const text = textOf(this, name);
      const wanted = trunc(+length);
      if (!(wanted > LONG)) return native.call(text, wanted, fill);
      if (wanted > MOST_TEXT) tooLong(name, wanted, MOST_TEXT, "characters");
      const [filler, missing] = [fill === undefined ? " " : spelt(fill), wanted - text.length];
      if (missing <= 0 || filler === "") return text;
      const padding = cut(repeat(filler, Math.ceil(missing / filler.length)), 0, missing);
      return name === "padStart" ? padding + text : text + padding;
    },
  }.call));

  // QuickJS makes a template literal a call of this.
  replace(texts, "concat", {
    concat(...values) {
      if (values.length <= 4) return apply(concat, this, values);
      let text = textOf(this, "concat");
      for (const value of values) text += spelt(tick(value));
      return text;
    },
  }.concat);

  // Searching a long text for a longer one takes the product of both. Here a candidate is found by the beginning of
  // what is looked for and then compared as a whole.
  const BEGINNING = 8;
  const isSlow = (text, sought) => text.length > LONG && sought.length > BEGINNING;
  function find(text, sought, from) {
    const start = cut(sought, 0, BEGINNING);
    const last = text.length - sought.length;
    for (let at = index(text, start, from); at >= 0 && at <= last; at = index(text, start, at + 1)) {
      spend(sought.length);
      if (cut(text, at, at + sought.length) === sought) return at;
    }
    return -1;
  }
  function findLast(text, sought, from) {
    const start = cut(sought, 0, BEGINNING);
    const first = min(from, text.length - sought.length);
    for (let at = first < 0 ? -1 : lastIndex(text, start, first); at >= 0; ) {
      spend(sought.length);
      if (cut(text, at, at + sought.length) === sought) return at;
      at = at === 0 ? -1 : lastIndex(text, start, at - 1);
    }
    return -1;
  }
  const position = (value) => min(max(trunc(+value) || 0, 0), 2 ** 31);
  // What has a method of its own for this, such as a regular expression, is asked; all else is a text.
  const method = (value, symbol) => (value === null || typeof value !== "object" ? undefined : value[symbol]);
  change(texts, "indexOf includes", (native, name) => ({
    call(sought, from) {
      if (typeof sought === "string" && isShort(this)) return native.call(this, sought, from);
      const text = textOf(this, name);
      if (name === "includes" && method(sought, Symbol.match))
        throw new TypeError("includes() takes no regular expression");
      const wanted = spelt(sought);
      if (!isSlow(text, wanted)) return native.call(text, wanted, from);
      const at = find(text, wanted, position(from));
      return name === "includes" ? at >= 0 : at;
    },
  }.call));
  change(texts, "lastIndexOf", (native, name) => ({
    call(sought, from) {
      const [text, wanted] = [textOf(this, name), spelt(sought)];
      if (!isSlow(text, wanted)) return native.call(text, wanted, from);
      const last = +from;
      return findLast(text, wanted, last === last ? position(last) : Infinity);
    },
  }.call));

  replace(texts, "split", {
    split(sought, limit) {
      if (typeof sought === "string" && isShort(this)) return split(this, sought, limit);
      const splitter = method(sought, Symbol.split);
      if (splitter !== undefined && splitter !== null) return splitter.call(sought, this, limit);
      const text = textOf(this, "split");
      if (sought === undefined) return split(text, sought, limit);
      const wanted = spelt(sought);
      if (!isSlow(text, wanted)) return split(text, wanted, limit);
      const parts = [];
      let at = 0;
      for (let next = find(text, wanted, 0); next >= 0; next = find(text, wanted, at)) {
        parts.push(cut(text, at, next));
        at = next + wanted.length;
      }
      parts.push(cut(text, at));
      return parts.slice(0, limit === undefined ? 2 ** 32 - 1 : limit >>> 0);
    },
  }.split);
  // The text with each match replaced, or the first one.
  function replaced(text, sought, by, all) {
    let [written, parts, size] = ["", [], 0];
    let [done, at] = [0, find(text, sought, 0)];
    while (at >= 0) {
      const made = typeof by === "function" ? spelt(by(sought, at, text)) : by;
      const plain = typeof by === "function" || index(made, "$") < 0;
      size += made.length;
      if (size > MOST_JOINED) tooLong("replace", size, MOST_JOINED, "characters");
      parts.push(cut(text, done, at), plain ? made : substituted(text, sought, at, made));
      if (parts.length > LONG) [written, parts] = [written + joined(parts, ""), []];
      done = at + sought.length;
      const next = max(done, at + 1);
      at = all && next <= text.length ? find(text, sought, next) : -1;
    }
    parts.push(cut(text, done));
    return written + joined(parts, "");
  }
  function substituted(text, sought, place, template) {
    spend(template.length);
    return own.replace.call(template, /\$([$&`'])/g, (_, sign) => {
      if (sign === "$") return "$";
      if (sign === "&") return sought;
      return sign === "`" ? cut(text, 0, place) : cut(text, place + sought.length);
    });
  }
  // All matches of a short text in a long one, a stretch at a time: the next stretch begins behind the last match, or
  // before the last characters that may belong to one.
  const STRETCH = 2 ** 16;
  function replacedByStretches(text, sought, by) {
    const parts = [];
    for (let at = 0; at < text.length; ) {
      const end = at + STRETCH;
      if (end >= text.length) {
        parts.push(replaceAll(cut(text, at), sought, by));
        break;
      }
      const pieces = split(cut(text, at, end), sought);
      const rest = pieces.pop();
      const kept = min(rest.length, sought.length - 1);
      pieces.push(cut(rest, 0, rest.length - kept));
      parts.push(joined(pieces, by));
      spend(STRETCH);
      at = end - kept;
    }
    return joined(parts, "");
  }
  change(texts, "replace replaceAll", (_, name) => ({
    call(sought, by) {
      const all = name === "replaceAll";
      const replacer = method(sought, Symbol.replace);
      if (replacer !== undefined && replacer !== null) {
        if (all && method(sought, Symbol.match) && !`${sought.flags}`.includes("g"))
          throw new TypeError("replaceAll() takes regular expressions with the flag g only");
        return replacer.call(sought, this, by);
      }
      const made = typeof by === "function" ? calledBack(by) : by;
      const [text, wanted] = [textOf(this, name), spelt(sought)];
      const template = typeof made === "function" ? made : spelt(made);
      const plain = typeof template !== "function" && index(template, "$") < 0;
      const steady = typeof made === "function" || (plain && template.length <= LONG); // each match costs little
      const few = text.length <= LONG && (steady || text.length * template.length <= MOST_JOINED);
      const quick = !all || few || (steady && text.length <= 2 * STRETCH);
      if (quick && !isSlow(text, wanted)) return own[name].call(text, wanted, template);
      return plain && steady && all && wanted !== "" && !isSlow(text, wanted)
        ? replacedByStretches(text, wanted, template)
        : replaced(text, wanted, template, all);
    },
  }.call));

  // Normalizing sorts the marks behind a letter one by one: a long run of them takes its square. A text can be cut
  // before every character that no mark is and that joins with nothing before it (UAX #15, stream-safe text); so it is
  // normalized a piece at a time. No script has a hundred marks in a row.
  const PIECE = 1024;
  const starter = /[^\p{M}\u0e33\u0eb3\u1100-\u11ff\u3130-\u318f\ud7b0-\ud7ff\uff9e-\uffdc\u{16d40}-\u{16d7f}]/u;
  const searchOf = uncurried(RegExp.prototype[Symbol.search]);
  function pieceEnd(text, from) {
    if (from >= text.length) return text.length;
    const code = text.charCodeAt(from);
    const start = code >= 0xdc00 && code < 0xe000 ? from + 1 : from; // not within a surrogate pair
    const at = searchOf(starter, cut(text, start, start + PIECE));
    if (at >= 0) return start + at;
    if (start + PIECE >= text.length) return text.length;
    return fail(`normalize() takes no more than ${PIECE} combining marks in a row`);
  }
  replace(texts, "normalize", {
    normalize(form) {
      const text = textOf(this, "normalize");
      if (text.length <= PIECE) return normalize(text, form);
      const parts = [];
      for (let at = 0; at < text.length; ) {
        const end = pieceEnd(text, at + PIECE);
        parts.push(normalize(cut(text, at, end), form));
        spend(end - at);
        at = end;
      }
      return joined(parts, "");
    },
  }.normalize);

  // A long text is written for an address a stretch at a time; a pair of surrogates stays together.
  const isFirstOfPair = (code) => code >= 0xd800 && code < 0xdc00;
  change(globalThis, "encodeURI encodeURIComponent", (native) => ({
    call(value) {
      const text = spelt(value);
      if (text.length <= LONG) return native(text);
      const parts = [];
      for (let at = 0; at < text.length; ) {
        const end = at + STRETCH + (isFirstOfPair(text.charCodeAt(at + STRETCH - 1)) ? 1 : 0);
        parts.push(native(cut(text, at, end)));
        spend(STRETCH);
        at = end;
      }
      return joined(parts, "");
    },
  }.call));

  replace(String, "raw", {
    raw(template, ...values) {
      const raw = kit.bounds.listOf(template.raw, "raw", MOST);
      let text = "";
      for (let i = 0; i < raw.length; i++) {
        text += spelt(tick(raw[i]));
        if (i < raw.length - 1 && i < values.length) text += spelt(tick(values[i]));
      }
      return text;
    },
  }.raw);
});
