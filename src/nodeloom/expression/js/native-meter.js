// A function's text is what its author wrote, without the ticks that were put into it (ticks.py).
(function (kit) {
  "use strict";
  const { replace, index } = kit.bounds;
  const MARK = "/*\x01*/";
  const spell = Function.prototype.toString;
  replace(Function.prototype, "toString", {
    toString() {
      const text = spell.call(this);
      if (index(text, MARK) < 0) return text;
      return text
        .split(MARK)
        .filter((_, i) => i % 2 === 0)
        .join("");
    },
  }.toString);
});
