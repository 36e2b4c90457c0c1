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
  function hash(text, algorithm) {
    const name = algorithm?.toLowerCase() ?? "md5";
    if (name === "base64") return base64Encode(text);
    if (!(name in DIGESTS))
      return fail(`Unknown algorithm ${name}. Available are: ${Object.keys(DIGESTS).join(", ")} and base64.`);
    return needSoon("hash", `${name}:${stringify(text)}`, "0".repeat(DIGESTS[name]));
  }

  // A title (npm's title-case, which n8n uses): words with a capital or a point behind their first letter stay, so does
  // what stands before a `:`, and small words but the first and last. What separates words stays, line ends do not.
  const SMALL_WORDS =
    "an?d? a[st] because but by en for i[fn] neither nor o[fnr] only over per so some tha[tn] the to up upon vs?\\.? " +
    "versus via when with without yet";
  const SMALL = new RegExp(`\\b(?:${SMALL_WORDS.replaceAll(" ", "|")})\\b`, "i");
  function toTitleCase(text) {
    let title = "";
    for (const { 0: word, index } of text.matchAll(/[^\s:–—-]+|./g)) {
      const end = index + word.length;
      const stays =
        /.(?=[A-Z]|\..)/.test(word) ||
        (SMALL.test(word) && index !== 0 && end !== text.length) ||
        (text[end] === ":" && !/\s/.test(text.charAt(end + 1)));
      title += stays ? word : word.replace(/[A-Za-z0-9\u00c0-\u00ff]/, (letter) => letter.toUpperCase());
    }
    return title;
  }
  const toSentenceCase = (text) =>
    text.toLowerCase().replace(/((?:^|[.!?])\P{L}*)(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase());
  const toSnakeCase = (text) =>
    text
      .toLowerCase()
      .replace(/[ \-]/g, "_")
      .replace(/[\u2000-\u206f\u2e00-\u2e7f\\!"#$%&'()*+,./:;<=>?@[\]^`{|}~]/g, "");

  // What is taken away or replaced, in this order. `^` and `$` are those of the text, and only with /m those of a line.
  const MARKDOWN = [
    [/^(\s*)(?:[*+-]|\d\.)\s+/gm, "$1"], // lists
    [/\n={2,}/g, "\n"], // headings that are underlined
    [/~~/g, ""],
    [/`{3}.*\n/g, ""], // fences
    [/<[\w\s|='":(),;/.-]+[>|\\]/g, ""], // HTML
    [/^[=-]{2,}\s*$/g, ""],
    [/\[\^.+?\](?:: .*?$)?/g, ""], // footnotes
    [/\s{0,2}\[.*?\]: .*?$/g, ""], // references
    [/!\[.*?\][[(].*?[\])]/g, ""], // images
    [/\[(.*?)\][[(].*?[\])]/g, "$1"], // links
    [/>/g, ""], // quotations
    [/^#{1,6}\s*([^#]*)\s*(?:#{1,6})?/gm, "$1"], // headings
    [/([*_]{1,3})(\S.*?\S)\1/g, "$2"], // emphasis
    [/(`{3,})(.*?)\1/gm, "$2"],
    [/^-{3,}\s*$/g, ""],
    [/`(.+?)`/g, "$1"], // code
    [/\n{2,}/g, "\n\n"],
  ];
  const removeMarkdown = (text) => MARKDOWN.reduce((rest, [mark, instead]) => rest.replace(mark, instead), text);

  // A host: names whose last one is letters or punycode, localhost, or four numbers.
  const HOST = "(?:[-\\w]+\\.)+(?:[a-z]{2,}|xn--[a-z0-9]+)|localhost|\\d{1,3}(?:\\.\\d{1,3}){3}";
  const TAIL = "(?::\\d+)?(?:/[^\\s?]*)?(?:\\?[^\\s#]*)?(?:#\\S*)?$";
  const DOMAIN = new RegExp(`^(?:www\\.)?(?:${HOST})${TAIL}`, "i");
  const DOMAIN_OF = new RegExp(`^(?:(?:https?|ftp)://)?(?:mailto:)?(?://)?((?:www\\.)?(?:${HOST}))${TAIL}`, "i");
  const URL_TEXT = new RegExp(`(?:https?|ftp)://(?:www\\.)?(?:${HOST})\\S*`, "i");
  const WHOLE_URL = new RegExp(`^${URL_TEXT.source}$`, "i");
  const MAILBOX = /(?:[^<>()[\]\\.,;:\s@"]+(?:\.[^<>()[\]\\.,;:\s@"]+)*|".+")/.source;
  const MAIL_HOST = /(\[\d{1,3}(?:\.\d{1,3}){3}\]|(?:[a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,})/.source;
  const EMAIL = new RegExp(`${MAILBOX}@${MAIL_HOST}`);
  // Any text without a space that holds an address (n8n).
  const isEmail = (text) => !text.includes(" ") && EMAIL.test(text);
  const extractDomain = (text) => text.match(isEmail(text) ? EMAIL : DOMAIN_OF)?.[1];
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

  // The signs of currencies, which do not count in a number, wherever they stand. The first that fits is taken.
  const SIGNS =
    "Lek ؋ $ ƒ ₼ Br BZ$ $b KM P лв R$ ៛ ¥ ₡ kn ₱ Kč kr RD$ £ € ¢ Q L Ft ₹ Rp ﷼ ₪ J$ ₩ ₭ ден RM ₨ ₮ MT C$ ₦ B/. " +
    "Gs S/. zł lei ₽ Дин. S R CHF NT$ ฿ TT$ ₺ ₴ $U Bs ₫ Z$";
  const SIGN = new RegExp(SIGNS.replace(/[$.]/g, "\\$&").replaceAll(" ", "|"), "gu");
  const withoutSign = (text) => text.replace(SIGN, "");
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
    const date = new Date(Date.parse(text));
    if (Number.isNaN(date.getTime())) return fail("cannot convert to date");
    // A date without a time is read as UTC midnight; n8n moves it to the start of that day, local time.
    if (!text.includes(":")) date.setHours(0, 0, 0);
    return date;
  }
  const toDateTime = (text, [format]) => kit.module("ext-date").fromText(text, format);

  const isNumeric = (text) =>
    !text.includes(" ") && !Number.isNaN(Number(text)) && !Number.isNaN(parseFloat(text));
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
    // The mark is a pattern after its backslash (n8n), so that letters and marks of two characters mean something else.
    quote: (text, [mark = '"']) =>
      `${mark}${text.replace(/\\/g, "\\\\").replace(new RegExp(`\\${mark}`, "g"), `\\${mark}`)}${mark}`,
    replaceSpecialChars: (text) => kit.module("transliterate").ascii(text),
    length: (text) => text.length,
    isDomain: (text) => DOMAIN.test(text),
    isEmail,
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
        return fail("Parsing failed: this is not JSON");
      }
    },
    base64Encode,
    base64Decode,
  };
});
