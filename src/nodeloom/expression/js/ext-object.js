// Extension methods of objects that are neither arrays nor dates.
(function (kit) {
  "use strict";
  const { fail, none } = kit.module("extensions");
  const { ownKey } = kit;
  const formEncode = (value) =>
    encodeURIComponent(`${value}`.toWellFormed())
      .replace(/%20/g, "+")
      .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

  function pick(value, keep) {
    const picked = {};
    for (const key of Object.keys(value)) if (keep(key, value[key])) picked[key] = value[key];
    return picked;
  }
  const needText = (name, text) =>
    typeof text === "string" && text !== "" ? text : fail(`${name}(): expected a text that is not empty`);
  const contains = (value, text) => typeof value === "string" && value.includes(text);

  return {
    __proto__: null,
    isEmpty: (value) => Object.keys(value).length === 0,
    isNotEmpty: (value) => Object.keys(value).length > 0,
    hasField: (value, [name]) => name in value,
    removeField: (value, [name]) => pick(value, (key) => key !== `${name}`),
    removeFieldsContaining: (value, [text]) => {
      needText("removeFieldsContaining", text);
      return pick(value, (_, inner) => !contains(inner, text));
    },
    keepFieldsContaining: (value, [text]) => {
      needText("keepFieldsContaining", text);
      return pick(value, (_, inner) => contains(inner, text));
    },
    compact: (value) => kit.module("ext-array").compactObject(value),
    urlEncode: (value) =>
      Object.keys(value)
        .map((key) => `${formEncode(key)}=${formEncode(value[key])}`)
        .join("&"),
    keys: (value) => Object.keys(value),
    values: (value) => Object.values(value),
    toJsonString: (value) => JSON.stringify(value),
    toInt: none,
    toFloat: none,
    toBoolean: none,
    toDateTime: none,
    ownKey,
  };
});
