// Extension methods of strings.
(function (kit) {
  "use strict";
  const { fail } = kit.module("extensions");
  const { needSoon, stringify } = kit;
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  // Text as UTF-8 bytes and back; single surrogates become U+FFFD.
  function utf8(text) {
    const encoded = encodeURIComponent(text.toWellFormed());
    const bytes = [];
    for (let i = 0; i < encoded.length; i++) {
      if (encoded[i] === "%") {
        bytes.push(parseInt(encoded.slice(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.push(encoded.charCodeAt(i));
      }
    }
    return bytes;
  }
  function utf8Text(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length;) {
      const lead = bytes[i];
      const length =
        lead < 0x80
          ? 1
          : lead >= 0xc2 && lead < 0xe0
            ? 2
            : lead >= 0xe0 && lead < 0xf0
              ? 3
              : lead >= 0xf0 && lead < 0xf5
                ? 4
                : 0;
      let escaped = "";
      for (let k = 0; k < length; k++) escaped += `%${(bytes[i + k] ?? 0).toString(16).padStart(2, "0")}`;
      try {
        text += length === 0 ? "\ufffd" : decodeURIComponent(escaped);
        i += length || 1;
      } catch {
        text += "\ufffd";
        i += 1;
      }
    }
    return text;
  }
  function base64Encode(text) {
    const bytes = utf8(text);
    const out = [];
    for (let i = 0; i < bytes.length; i += 3) {
      const [a, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]];
      const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
      out.push(
        ALPHABET[bits >> 18],
        ALPHABET[(bits >> 12) & 63],
        b === undefined ? "=" : ALPHABET[(bits >> 6) & 63],
        c === undefined ? "=" : ALPHABET[bits & 63],
      );
    }
    return out.join("");
  }
  function base64Decode(text) {
    const bytes = [];
    let bits = 0,
      count = 0;
    for (const character of text
      .replace(/-/g, "+")
      .replace(/_/g, "/")
      .replace(/[^A-Za-z0-9+/]/g, "")) {
      bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffffff;
      count += 6;
      if (count >= 8) {
        count -= 8;
        bytes.push((bits >> count) & 255);
      }
    }
    return utf8Text(bytes);
  }

  const DIGESTS = { __proto__: null, md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128, sha3: 128 };
  function hash(text, algorithm = "md5") {
    const name = `${algorithm}`.toLowerCase();
    if (name === "base64") return base64Encode(text);
    if (!(name in DIGESTS))
      return fail(`Unknown algorithm ${name}. Available are: ${Object.keys(DIGESTS).join(", ")} and base64.`);
    return needSoon("hash", `${name}:${stringify(text)}`, "0".repeat(DIGESTS[name]));
  }

  // Words that stay small within a title.
  const SMALL =
    /^(?:a|an|and|as|at|because|but|by|en|for|if|in|neither|nor|of|on|only|or|over|per|so|some|than|that|the|to|up|upon|v|versus|via|vs|when|with|without|yet)$/i;
  function toTitleCase(text) {
    const tokens = text.match(/\S+|\s+/g) ?? [];
    const lastWord = tokens.findLastIndex((token) => /\S/.test(token));
    return tokens
      .map((token, i) => {
        if (!/\S/.test(token) || /^(?:[a-z]+:\/\/\S+|\S+@\S+\.\S+|[^.]+\.\w\S*)$/i.test(token)) return token;
        const word = token.replace(/^[^\p{L}\d]+|[^\p{L}\d]+$/gu, "");
        if (SMALL.test(word) && i !== 0 && i !== lastWord) return token.toLowerCase();
        return token
          .split("-")
          .map((part) => (/.\p{Lu}/u.test(part) ? part : part.replace(/\p{L}|\d/u, (c) => c.toUpperCase())))
          .join("-");
      })
      .join("");
  }
  const toSentenceCase = (text) =>
    text.toLowerCase().replace(/((?:^|[.!?])\P{L}*)(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase());
  const toSnakeCase = (text) =>
    text
      .toLowerCase()
      .replace(/[ \-]/g, "_")
      .replace(/[!"#$%&'()*+,./:;<=>?@[\]^`{|}~]/g, "");

  function removeMarkdown(text) {
    return text
      .replace(/^( {0,3})(?:(?:-\s*){3,}|(?:_\s*){3,}|(?:\*\s*){3,})$/gm, "")
      .replace(/^(\s*)(?:[*\-+]|\d+\.)\s+/gm, "$1")
      .replace(/\n={2,}/g, "\n")
      .replace(/~{3}.*\n/g, "")
      .replace(/~~/g, "")
      .replace(/`{3}.*\n/g, "")
      .replace(/<(?:"[^"]*"|'[^']*'|[^'">])*>/g, "")
      .replace(/^[=\-]{2,}\s*$/gm, "")
      .replace(/\[\^.+?\](?:: .*?$)?/gm, "")
      .replace(/\s{0,2}\[.*?\]: .*?$/gm, "")
      .replace(/!\[(.*?)\]\s?[[(].*?[\])]/g, "")
      .replace(/\[(.*?)\][[(].*?[\])]/g, "$1")
      .replace(/>/g, "")
      .replace(/^\s{1,2}\[(.*?)\]: (\S+)( ".*?")?\s*$/gm, "")
      .replace(/^[ \t]*#{1,6}[ \t]*/gm, "")
      .replace(/([*_]{1,3})(\S.*?\S{0,1})\1/g, "$2")
      .replace(/(`{3,})(.*?)\1/gm, "$2")
      .replace(/`(.+?)`/g, "$1");
  }

  // A host as these functions take it: names with a last label of two letters or more, localhost, or four numbers.
  const HOST = "(?:[a-zA-Z0-9\\-_]+\\.)+[a-zA-Z][a-zA-Z0-9-]+|localhost|\\d{1,3}(?:\\.\\d{1,3}){3}";
  const TAIL = "(?::\\d+)?(?:[/?#]\\S*)?";
  const EMAIL =
    /(?:[^<>()[\]\\.,;:\s@"]+(?:\.[^<>()[\]\\.,;:\s@"]+)*|".+")@(?:\[\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\]|(?:[a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,})/;
  const WHOLE_EMAIL = /^[^\s@]+@(?:\[\d{1,3}(?:\.\d{1,3}){3}\]|(?:[a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,})(?:\/\S*)?$/;
  const URL_TEXT = new RegExp(`(?:https?|ftp|file)://(?:(?:${HOST})\\.?)${TAIL}(?![a-zA-Z0-9.\\-_@])`, "i");
  const WHOLE_URL = new RegExp(`^(?:https?|ftp|file)://(?:${HOST})\\.?${TAIL}$`, "i");
  const DOMAIN = new RegExp(`^(?:${HOST})${TAIL}$`);
  const WITH_SCHEME = new RegExp(`^(?:[a-z][a-z0-9+.-]*:)?//(?:[^\\s/@]*@)?(${HOST})${TAIL}$`, "i");
  const WITHOUT_SCHEME = new RegExp(`^(${HOST})${TAIL}$`);

  function extractDomain(text) {
    const email = text.match(/^(?:mailto:)?[^\s@/]+@([a-zA-Z0-9\-.]+\.[a-zA-Z0-9-]{2,})$/);
    return (email ?? text.match(WITH_SCHEME) ?? text.match(WITHOUT_SCHEME))?.[1];
  }
  function extractUrlPath(text) {
    const scheme = text.match(/^([a-z][a-z0-9+.-]*):/i)?.[1].toLowerCase();
    if (scheme === undefined) return undefined;
    const rest = text.slice(scheme.length + 1).replace(/[?#].*$/s, "");
    const authority = rest.match(/^\/\/([^/\s]*)(\/\S*)?$/);
    if (scheme === "file") return authority ? (authority[2] ?? "/") : undefined;
    if (["http", "https", "ws", "wss", "ftp"].includes(scheme))
      return authority && authority[1] ? (authority[2] ?? "/") : undefined;
    return authority ? (authority[2] ?? "") : rest;
  }

  // A sign of currency or the like before a number does not count.
  const withoutSign = (text) => text.replace(/^[^\p{L}\p{N}+\-.]+/u, "");
  function toInt(text, radix) {
    const number = parseInt(withoutSign(text), radix);
    return Number.isNaN(number) ? fail("cannot convert to integer") : number;
  }
  function toFloat(text) {
    if (text.includes(",")) return fail("cannot convert to float, expected . as decimal separator");
    const number = parseFloat(withoutSign(text));
    return Number.isNaN(number) ? fail("cannot convert to float") : number;
  }
  function toNumber(text) {
    const number = Number(withoutSign(text));
    return Number.isNaN(number) ? fail("cannot convert to number") : number;
  }
  function toDate(text) {
    const date = new Date(text);
    if (Number.isNaN(date.getTime())) return fail("cannot convert to date");
    // A date without a time is read as UTC midnight; n8n moves it to the start of that day, local time.
    if (!/\d\d?:\d\d/.test(text)) date.setHours(0, 0, 0, 0);
    return date;
  }
  const toDateTime = (text, [format]) => kit.module("ext-date").fromText(text, format);

  const isNumeric = (text) =>
    !/\s/.test(text) && text !== "" && !Number.isNaN(Number(text)) && !Number.isNaN(parseFloat(text));
  return {
    __proto__: null,
    hash: (text, [algorithm]) => hash(text, algorithm),
    removeMarkdown,
    removeTags: (text) => text.replace(/<[^>]*>?/gm, ""),
    toDate,
    toDateTime,
    toBoolean: (text) => !["false", "no", "0", ""].includes(text.toLowerCase()),
    toDecimalNumber: toFloat,
    toFloat,
    toNumber,
    toInt: (text, [radix]) => toInt(text, radix),
    toWholeNumber: (text, [radix]) => toInt(text, radix),
    toSentenceCase,
    toSnakeCase,
    toTitleCase,
    urlDecode: (text, [whole]) => (whole ? decodeURI(text) : decodeURIComponent(text)),
    urlEncode: (text, [whole]) => (whole ? encodeURI(text) : encodeURIComponent(text)),
    quote: (text, [mark = '"']) => {
      if (mark === "") throw new RangeError("quote() needs a mark");
      return `${mark}${text.replace(/\\/g, "\\\\").replaceAll(mark, `\\${mark}`)}${mark}`;
    },
    replaceSpecialChars: (text) => kit.module("transliterate").ascii(text),
    length: (text) => text.length,
    isDomain: (text) => DOMAIN.test(text),
    isEmail: (text) => WHOLE_EMAIL.test(text),
    isNumeric,
    isUrl: (text) => WHOLE_URL.test(text),
    isEmpty: (text) => text === "",
    isNotEmpty: (text) => text !== "",
    toJsonString: (text) => JSON.stringify(text),
    extractEmail: (text) => text.match(EMAIL)?.[0],
    extractDomain,
    extractUrl: (text) => text.match(URL_TEXT)?.[0],
    extractUrlPath,
    parseJson: (text) => {
      try {
        return JSON.parse(text);
      } catch {
        return fail("Parsing failed: this is no JSON");
      }
    },
    base64Encode,
    base64Decode,
  };
});
