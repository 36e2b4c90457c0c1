// What is known of languages: names, separators and the order of dates. A tag that is not listed falls back to its
// language, then to en-US.
(function () {
  "use strict";
  const list = (text) => text.split(" ");
  const english = {
    months: {
      long: list("January February March April May June July August September October November December"),
      short: list("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    },
    weekdays: {
      long: list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
      short: list("Mon Tue Wed Thu Fri Sat Sun"),
    },
    meridiems: ["AM", "PM"],
    decimal: ".",
    group: ",",
    percent: "%",
    currencyAfter: false,
    hour12: true,
    numeric: "M/d/y",
    text: "M d, y",
    weekday: "E, ",
    joinLong: " at ",
    join: ", ",
  };
  const day = "d/m/Y";
  const european = {
    decimal: ",",
    group: ".",
    percent: "\u00a0%",
    currencyAfter: true,
    hour12: false,
    joinLong: ", ",
    join: ", ",
    meridiems: ["AM", "PM"],
    weekday: "E, ",
  };
  // Short names that stand alone, where they differ from those within a date.
  const southern = {
    alone: { months: { ...english.months, short: list("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec") } },
    months: { ...english.months, short: list("Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec") },
  };
  const LOCALES = {
    en: english,
    "en-gb": {
      ...english,
      hour12: false,
      numeric: day,
      text: "d M y",
      weekday: "E ",
      meridiems: ["am", "pm"],
      months: { ...english.months, short: list("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec") },
    },
    "en-au": { ...english, ...southern, numeric: day, text: "d M y", weekday: "E ", meridiems: ["am", "pm"] },
    "en-ca": { ...english, numeric: "Y-m-d", meridiems: ["a.m.", "p.m."] },
    "en-in": {
      ...english,
      alone: southern.alone,
      months: southern.alone.months,
      numeric: "d/M/y",
      text: "d M y",
      weekday: "E ",
      indian: true,
      meridiems: ["am", "pm"],
    },
    de: {
      ...european,
      numeric: "d.M.y",
      text: "d. M y",
      joinLong: " um ",
      weekday: "E, ",
      alone: {
        months: { short: list("Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez") },
        weekdays: { short: list("Mo Di Mi Do Fr Sa So") },
      },
      months: {
        long: list("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        short: list("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
      },
      weekdays: {
        long: list("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        short: list("Mo. Di. Mi. Do. Fr. Sa. So."),
      },
    },
    fr: {
      ...european,
      group: "\u202f",
      percent: "\u202f%",
      numeric: day,
      text: "d M y",
      weekday: "E ",
      joinLong: " à ",
      joinNumeric: " ",
      months: {
        long: list("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        short: list("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
      },
      weekdays: {
        long: list("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        short: list("lun. mar. mer. jeu. ven. sam. dim."),
      },
    },
    es: {
      ...european,
      numeric: "d/M/y",
      text: "d de M de y",
      weekday: "E, ",
      meridiems: ["a. m.", "p. m."],
      minimumGrouping: 2,
      months: {
        long: list("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        short: list("ene feb mar abr may jun jul ago sept oct nov dic"),
      },
      weekdays: {
        long: list("lunes martes miércoles jueves viernes sábado domingo"),
        short: list("lun mar mié jue vie sáb dom"),
      },
    },
    it: {
      ...european,
      percent: "%",
      numeric: "d/M/y",
      text: "d M y",
      weekday: "E ",
      joinLong: " alle ore ",
      months: {
        long: list("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        short: list("gen feb mar apr mag giu lug ago set ott nov dic"),
      },
      weekdays: {
        long: list("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        short: list("lun mar mer gio ven sab dom"),
      },
    },
    pt: {
      ...european,
      percent: "%",
      currencyAfter: false,
      numeric: day,
      text: "d de M de y",
      weekday: "E, ",
      joinLong: " às ",
      months: {
        long: list("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        short: list("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
      },
      weekdays: {
        long: list("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        short: list("seg. ter. qua. qui. sex. sáb. dom."),
      },
    },
    nl: {
      ...european,
      percent: "%",
      currencyAfter: false,
      numeric: "d-M-y",
      text: "d M y",
      weekday: "E ",
      joinLong: " om ",
      months: {
        long: list("januari februari maart april mei juni juli augustus september oktober november december"),
        short: list("jan feb mrt apr mei jun jul aug sep okt nov dec"),
      },
      weekdays: {
        long: list("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        short: list("ma di wo do vr za zo"),
      },
    },
    sv: {
      ...european,
      group: "\u00a0",
      numeric: "Y-m-d",
      text: "d M y",
      weekday: "E ",
      joinLong: " kl. ",
      joinNumeric: " ",
      months: {
        long: list("januari februari mars april maj juni juli augusti september oktober november december"),
        short: list("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."),
      },
      weekdays: {
        long: list("måndag tisdag onsdag torsdag fredag lördag söndag"),
        short: list("mån tis ons tors fre lör sön"),
      },
    },
  };
  LOCALES["de-ch"] = { ...LOCALES.de, group: "’", decimal: ".", currencyAfter: false, currencySpace: true };
  LOCALES["de-at"] = { ...LOCALES.de, group: "\u00a0", currencyAfter: false, currencySpace: true };
  for (const names of Object.values(LOCALES)) {
    for (const kind of ["months", "weekdays"])
      names[kind] = { ...names[kind], narrow: names[kind].long.map((name) => name[0].toUpperCase()) };
  }
  const CURRENCIES = {
    USD: "$",
    EUR: "€",
    GBP: "£",
    JPY: "¥",
    INR: "₹",
    CNY: "CN¥",
    KRW: "₩",
    BRL: "R$",
    CAD: "CA$",
    AUD: "A$",
    MXN: "MX$",
    NZD: "NZ$",
    ILS: "₪",
    VND: "₫",
    HKD: "HK$",
    TWD: "NT$",
    PHP: "₱",
  };
  const NO_CENTS = ["JPY", "KRW", "VND", "CLP", "ISK"];

  // Long names of zones by the abbreviation that the tz database has, if it stands for one zone; the short ones are those
  // that English has in America.
  const ZONES = {
    EST: "Eastern Standard Time",
    EDT: "Eastern Daylight Time",
    CST: "Central Standard Time",
    CDT: "Central Daylight Time",
    MST: "Mountain Standard Time",
    MDT: "Mountain Daylight Time",
    PST: "Pacific Standard Time",
    PDT: "Pacific Daylight Time",
    AKST: "Alaska Standard Time",
    AKDT: "Alaska Daylight Time",
    HST: "Hawaii-Aleutian Standard Time",
    AST: "Atlantic Standard Time",
    ADT: "Atlantic Daylight Time",
    NST: "Newfoundland Standard Time",
    NDT: "Newfoundland Daylight Time",
    GMT: "Greenwich Mean Time",
    BST: "British Summer Time",
    WET: "Western European Standard Time",
    WEST: "Western European Summer Time",
    CET: "Central European Standard Time",
    CEST: "Central European Summer Time",
    EET: "Eastern European Standard Time",
    EEST: "Eastern European Summer Time",
    MSK: "Moscow Standard Time",
    JST: "Japan Standard Time",
    KST: "Korean Standard Time",
    SAST: "South Africa Standard Time",
    AEST: "Australian Eastern Standard Time",
    AEDT: "Australian Eastern Daylight Time",
    ACST: "Australian Central Standard Time",
    ACDT: "Australian Central Daylight Time",
    AWST: "Australian Western Standard Time",
    NZST: "New Zealand Standard Time",
    NZDT: "New Zealand Daylight Time",
    WIB: "Western Indonesia Time",
    PKT: "Pakistan Standard Time",
    HKT: "Hong Kong Standard Time",
    EAT: "East Africa Time",
    CAT: "Central Africa Time",
    WAT: "West Africa Standard Time",
    UTC: "Coordinated Universal Time",
  };
  const EXCEPTIONS = {
    "Asia/Kolkata": "India Standard Time",
    "Asia/Calcutta": "India Standard Time",
    "Asia/Shanghai": "China Standard Time",
    "Asia/Taipei": "Taipei Standard Time",
    "Asia/Singapore": "Singapore Standard Time",
    "Asia/Dubai": "Gulf Standard Time",
    "America/Sao_Paulo": "Brasilia Standard Time",
    "America/Argentina/Buenos_Aires": "Argentina Standard Time",
    "America/Bogota": "Colombia Standard Time",
    "Europe/Dublin/IST": "Irish Standard Time",
    "Asia/Jerusalem/IST": "Israel Standard Time",
    "Asia/Jerusalem/IDT": "Israel Daylight Time",
    "Asia/Bangkok": "Indochina Time",
    "Asia/Riyadh": "Arabian Standard Time",
    "Europe/Istanbul": "GMT+03:00",
    "Asia/Kathmandu": "Nepal Time",
    "Asia/Dhaka": "Bangladesh Standard Time",
    "Asia/Manila": "Philippine Standard Time",
  };
  const SHORT_IN_AMERICA = list("EST EDT CST CDT MST MDT PST PDT AKST AKDT HST");
  function tagOf(locale) {
    const wanted = Array.isArray(locale) ? locale[0] : locale;
    if (wanted === undefined || wanted === null || wanted === "") return "en-US";
    return typeof wanted === "object" ? `${wanted.baseName ?? "en-US"}` : `${wanted}`;
  }
  function locale(tag) {
    const lowered = tagOf(tag).toLowerCase().replace(/_/g, "-");
    return LOCALES[lowered] ?? LOCALES[lowered.split("-")[0]] ?? LOCALES.en;
  }
  // The day a week begins with, where it is not Monday, by language or language and country (CLDR).
  const SUNDAY = list("en en-us en-ca en-in pt fr-ca es-mx ja ko he hi");
  const MONDAY = list("en-gb en-au en-nz en-ie");
  function weekStart(tag) {
    const lowered = tagOf(tag).toLowerCase();
    const language = lowered.split("-")[0];
    if (language === "ar") return 6;
    return !MONDAY.includes(lowered) && (SUNDAY.includes(lowered) || SUNDAY.includes(language)) ? 7 : 1;
  }
  return { tagOf, locale, weekStart, LOCALES, CURRENCIES, NO_CENTS, ZONES, EXCEPTIONS, SHORT_IN_AMERICA };
});
