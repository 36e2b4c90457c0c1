// Comparison of texts as people sort them (ECMA-402 Collator).
(function () {
  "use strict";
  // Comparison as people sort: letters before accents before case, small letters first.
  const base = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const chunks = (text) => text.match(/\d+|\D+/g) ?? [];
  const rank = (character) => (/\p{L}/u.test(character) ? 3 : /\d/.test(character) ? 2 : /\s/.test(character) ? 0 : 1);
  function order(a, b) {
    const [left, right] = [[...a], [...b]];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      if (left[i] !== right[i]) return rank(left[i]) - rank(right[i]) || (left[i] < right[i] ? -1 : 1);
    }
    return left.length - right.length;
  }
  function orderNumeric(a, b) {
    const [left, right] = [chunks(a), chunks(b)];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const both = /^\d/.test(left[i]) && /^\d/.test(right[i]);
      const result = both ? Number(left[i]) - Number(right[i]) : order(left[i], right[i]);
      if (result !== 0) return result;
    }
    return left.length - right.length;
  }
  function compare(a, b, options = {}) {
    const [left, right] = [`${a}`, `${b}`];
    if (left === right) return 0;
    const { sensitivity = "variant", numeric = false } = options ?? {};
    let result = (numeric ? orderNumeric : order)(base(left), base(right));
    if (result === 0 && sensitivity !== "base" && sensitivity !== "case")
      result = order(left.normalize("NFD").toLowerCase(), right.normalize("NFD").toLowerCase());
    if (result === 0 && (sensitivity === "variant" || sensitivity === "case")) {
      const flip = (text) => [...text].map((c) => (c === c.toLowerCase() ? "0" : "1")).join("");
      result = flip(left) < flip(right) ? -1 : flip(left) > flip(right) ? 1 : 0;
    }
    return Math.sign(result);
  }
  return { compare };
});
