// What QuickJS leaves out of JavaScript's own methods: everything that depends on languages. Runs before harden.js freezes
// them.
(function (kit) {
  "use strict";
  const intl = () => kit.module("intl");
  const put = (prototype, methods) => {
    for (const name of Object.keys(methods)) {
      Object.defineProperty(prototype, name, {
        value: methods[name],
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
  };
  put(Number.prototype, {
    toLocaleString(tag, options) {
      return intl().formatNumber(this, tag, options);
    },
  });
  put(BigInt.prototype, {
    toLocaleString(tag, options) {
      return intl().formatNumber(BigInt(this), tag, options);
    },
  });
  put(Array.prototype, {
    toLocaleString(...args) {
      return this.map((value) => (value === null || value === undefined ? "" : value.toLocaleString(...args))).join(
        ",",
      );
    },
  });
  put(String.prototype, {
    localeCompare(other, tag, options) {
      return intl().compare(this, other, options);
    },
    toLocaleUpperCase(tag) {
      return /^(?:tr|az)/.test(`${tag ?? ""}`) ? this.replace(/i/g, "İ").toUpperCase() : this.toUpperCase();
    },
    toLocaleLowerCase(tag) {
      return /^(?:tr|az)/.test(`${tag ?? ""}`) ? this.replace(/I/g, "ı").toLowerCase() : this.toLowerCase();
    },
  });
});
