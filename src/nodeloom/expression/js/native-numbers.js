// BigInts, within bounds (native-bounds.js). Spelling one takes the square of its length, and nearly everything spells
// what it is given: so none is made that is longer than some 19,700 digits. Operators are part of the language; what an
// author writes is compiled so that those that let a BigInt grow ask here (`grown`, `power`).
(function (kit) {
  "use strict";
  const { tick, fail } = kit;
  const { replace, change, uncurried } = kit.bounds;
  const { apply } = Reflect;
  const BITS = 2 ** 16;
  const DIGITS = 20000;
  const LIMIT = 1n << BigInt(BITS);
  const native = BigInt;
  const hexadecimal = uncurried(native.prototype.toString);

  const refuse = () => fail(`A BigInt may have ${BITS} bits at most, some 19,700 digits`);
  // The value of an operator or function, refused where it is a BigInt that is too large.
  kit.grown = (value) => (typeof value === "bigint" && (value >= LIMIT || value <= -LIMIT) ? refuse() : value);
  // `base ** exponent`, refused before it is computed.
  kit.power = (base, exponent) => {
    const [left, right] = [base++, exponent++]; // as operators do: objects become numbers or BigInts, once
    if (typeof left === "bigint" && typeof right === "bigint" && right > 1n && left * left > 1n) {
      const digits = hexadecimal(left < 0n ? -left : left, 16).length;
      if (right > BITS || (digits - 1) * 4 * Number(right) > BITS) refuse();
    }
    return kit.grown(left ** right);
  };

  // Functions of many numbers: what is none yet may be a long text.
  const numbers = (native) => ({
    call(...values) {
      for (let i = 0; i < values.length; i++) if (typeof values[i] !== "number") values[i] = +tick(values[i]);
      return apply(native, undefined, values);
    },
  }.call);
  change(Math, "min max hypot", numbers);
  change(String, "fromCharCode fromCodePoint", numbers);

  function primitive(value) {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
    const exotic = value[Symbol.toPrimitive];
    if (exotic !== undefined && exotic !== null) return exotic.call(value, "number");
    const number = value.valueOf();
    return number === null || (typeof number !== "object" && typeof number !== "function") ? number : value.toString();
  }
  const made = {
    BigInt(value) {
      const given = primitive(value);
      if (typeof given === "string" && given.length > DIGITS) refuse();
      return kit.grown(native(given));
    },
  }.BigInt;
  for (const key of Reflect.ownKeys(native)) {
    Object.defineProperty(made, key, Object.getOwnPropertyDescriptor(native, key));
  }
  for (const name of ["asIntN", "asUintN"]) {
    const narrow = native[name];
    replace(made, name, {
      call(bits, value) {
        return kit.grown(narrow(bits, value));
      },
    }.call);
  }
  Object.defineProperty(native.prototype, "constructor", { value: made, writable: true, configurable: true });
  Object.defineProperty(globalThis, "BigInt", { value: made, writable: true, configurable: true });
});
