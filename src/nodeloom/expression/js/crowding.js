// Whether reading a text as JSON would take the square of its length. Names of properties are kept in tables whose
// places QuickJS reckons by simple sums (hash_string and hash_atom in its source): names that are made for it share one
// place, and each is compared with all before it. So some of a long text's names are looked at before it is read. Of
// names that are as they come, hardly two in a million share a place.
(function (kit) {
  "use strict";
  const { parse, index, cut, spend } = kit.bounds;
  const { imul, random, trunc, min } = Math;

  const SHARED = 12; // pairs that share a place
  function place(name) {
    let sum = 1;
    for (let i = 0; i < name.length; i++) sum = (imul(sum, 263) + name.charCodeAt(i)) | 0;
    return (sum ^ imul(name.length, 0x61c88647)) & 0xfffffff;
  }
  const FACTOR = 0x61c8864680b583ebn;
  // The first eleven bits of where a number is found among the properties of one object.
  const numberPlace = (name) => Number((((BigInt(name) | 0x80000000n) * FACTOR) >> 53n) & 0x7ffn);
  const isIndex = (name) => name.length < 11 && `${name >>> 0}` === name && name >>> 0 < 2 ** 31;

  // Whether the members of an object share so few places that going through all of them takes long: some are looked at.
  function areCrowded(names) {
    const count = min(trunc(names.length / 10), 400);
    const places = new Map();
    for (let i = 0; i < count; i++) {
      const name = names[trunc(random() * names.length)];
      if (typeof name !== "string" || !isIndex(name)) continue;
      const at = numberPlace(name);
      places.set(at, (places.get(at) ?? 0) + 1);
    }
    return pairs(places) > 5 * SHARED + (count * count) / 2048;
  }

  // The names near some places of a text, as lists of neighbours. Every stretch between two quotes that a colon follows
  // counts, since nobody knows whether a place is within a text. Long stretches are not passed twice.
  function* someNames(text) {
    const known = [];
    let budget = 2 * text.length;
    for (let count = min(trunc(text.length / 1000), 1200); count > 0 && budget > 0; count--) {
      const from = trunc(random() * text.length);
      if (known.some(([start, end]) => from >= start && from < end)) continue;
      const near = [];
      let open = index(text, '"', from);
      for (let i = 0; i < 9 && open >= 0; i++) {
        const close = closing(text, open);
        if (close < 0) break;
        if (text.charCodeAt(close + 1) === 58 || /^\s*:/.test(cut(text, close + 1, close + 20)))
          near.push(cut(text, open, close + 1));
        open = close;
      }
      const end = open < 0 ? text.length : open;
      budget -= end - from;
      if (end - from > 10000) known.push([from, end]);
      spend(1000);
      yield near;
    }
  }
  function closing(text, open) {
    let at = index(text, '"', open + 1);
    while (at >= 0) {
      let slashes = 0;
      while (text.charCodeAt(at - slashes - 1) === 92) slashes++;
      if (slashes % 2 === 0) return at;
      at = index(text, '"', at + 1);
    }
    return -1;
  }
  function named(quoted) {
    try {
      return parse(quoted);
    } catch {
      return "";
    }
  }
  const pairs = (counts) => {
    let sum = 0;
    for (const count of counts.values()) sum += (count * (count - 1)) / 2;
    return sum;
  };
  function isCrowded(text) {
    const seen = new Set();
    const [texts, numbers] = [new Map(), new Map()];
    let [letters, neighbours, indices] = [0, 0, 0];
    for (const near of someNames(text)) {
      let last = -1;
      for (const quoted of near) {
        const name = named(quoted);
        if (seen.has(name)) continue;
        seen.add(name);
        if (isIndex(name)) {
          const at = numberPlace(name);
          if (at === last) neighbours++;
          last = at;
          indices++;
          numbers.set(at, (numbers.get(at) ?? 0) + 1);
        } else {
          letters += name.length;
          const at = place(name);
          texts.set(at, (texts.get(at) ?? 0) + 1);
        }
      }
      if (letters > 1000000) break;
    }
    return pairs(texts) > SHARED || neighbours > SHARED || pairs(numbers) > SHARED + (8 * indices * indices) / 4096;
  }
  return { isCrowded, areCrowded };
});
