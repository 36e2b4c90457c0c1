// Plain Latin letters for others: accents fall away by Unicode's own decomposition, the rest by this table.
(function () {
  "use strict";
  const TABLE = new Map(
    Object.entries({
      ß: "ss",
      ẞ: "SS",
      æ: "ae",
      Æ: "AE",
      ø: "o",
      Ø: "O",
      œ: "oe",
      Œ: "OE",
      ł: "l",
      Ł: "L",
      đ: "d",
      Đ: "D",
      ð: "d",
      Ð: "D",
      þ: "th",
      Þ: "TH",
      ı: "i",
      ħ: "h",
      Ħ: "H",
      ŋ: "ng",
      Ŋ: "NG",
      ĸ: "k",
      ŧ: "t",
      Ŧ: "T",
      ŉ: "n",
      ſ: "s",
      "‘": "'",
      "’": "'",
      "“": '"',
      "”": '"',
      "–": "-",
      "—": "-",
      "…": "...",
      "€": "EUR",
      "£": "GBP",
      "¥": "JPY",
      "©": "(c)",
      "®": "(r)",
      "™": "tm",
    }),
  );
  const add = (from, to) => {
    const targets = to.split(" ");
    [...from].forEach((letter, i) => {
      TABLE.set(letter, targets[i]);
      const upper = letter.toUpperCase();
      if (upper !== letter && upper.length === 1)
        TABLE.set(upper, targets[i].charAt(0).toUpperCase() + targets[i].slice(1));
    });
  };
  add(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
    "a b v g d e yo zh z i y k l m n o p r s t u f h c ch sh shch  y  e yu ya i yi ye g",
  );
  add("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o");
  // A few ideographs; a full table of readings is larger than everything else here.
  const READ = {
    __proto__: null,
    北: "Bei ",
    京: "Jing ",
    上: "Shang ",
    海: "Hai ",
    中: "Zhong ",
    国: "Guo ",
    日: "Ri ",
    本: "Ben ",
    人: "Ren ",
    东: "Dong ",
    大: "Da ",
    小: "Xiao ",
  };
  for (const [letter, reading] of Object.entries(READ)) TABLE.set(letter, reading);
  const stripped = (letter) => letter.normalize("NFKD").replace(/\p{M}/gu, "");
  function ascii(text) {
    let out = "";
    let isRead = false; // whether a reading is the last, with the space behind it
    for (const letter of text.normalize("NFC")) {
      if (letter === " " && isRead) continue;
      isRead = letter in READ;
      if (letter < "\x80") {
        out += letter;
        continue;
      }
      const plain = stripped(letter);
      out += TABLE.get(letter) ?? TABLE.get(plain) ?? (/^[\x00-\x7f]+$/.test(plain) ? plain : "?");
    }
    return isRead ? out.slice(0, -1) : out;
  }
  return { ascii };
});
