// The grammar of JMESPath (jmespath.org): from text to a tree.
(function () {
  "use strict";
  const wrong = (message) => {
    throw new SyntaxError(`JMESPath: ${message}`);
  };
  const TOKEN =
    /\s*(?:([A-Za-z_]\w*)|("(?:[^"\\]|\\[\s\S])*")|('(?:[^'\\]|\\[\s\S])*')|(`(?:[^`\\]|\\[\s\S])*`)|(-?\d+)|(\|\||&&|==|!=|<=|>=|\[\?|\[\]|[.*@&!<>|()[\]{},:]))/y;

  function tokenize(text) {
    const tokens = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const at = TOKEN.lastIndex;
      const found = TOKEN.exec(text);
      if (found === null) wrong(`unexpected ${JSON.stringify(text.slice(at, at + 10))}`);
      const [, name, quoted, raw, literal, number, mark] = found;
      if (name !== undefined) tokens.push({ type: "name", value: name });
      else if (quoted !== undefined) tokens.push({ type: "quoted", value: JSON.parse(quoted) });
      else if (raw !== undefined) tokens.push({ type: "literal", value: raw.slice(1, -1).replace(/\\'/g, "'") });
      else if (literal !== undefined)
        tokens.push({ type: "literal", value: literalValue(literal.slice(1, -1).replace(/\\`/g, "`").trimStart()) });
      else if (number !== undefined) tokens.push({ type: "number", value: parseInt(number, 10) });
      else tokens.push({ type: mark });
    }
    tokens.push({ type: "end" });
    return tokens;
  }
  // JSON; what is none is taken for a string, as older queries write it.
  function literalValue(text) {
    try {
      return JSON.parse(text);
    } catch {
      return JSON.parse(`"${text}"`);
    }
  }

  const POWER = {
    "|": 1,
    "||": 2,
    "&&": 3,
    "==": 5,
    "!=": 5,
    "<": 5,
    ">": 5,
    "<=": 5,
    ">=": 5,
    "[]": 9,
    "*": 20,
    "[?": 21,
    ".": 40,
    "!": 45,
    "{": 50,
    "[": 55,
    "(": 60,
  };
  const PROJECTS_UNTIL = 10;

  class Parser {
    constructor(text) {
      this.tokens = tokenize(text);
      this.at = 0;
    }
    get type() {
      return this.tokens[this.at].type;
    }
    next() {
      return this.tokens[this.at++];
    }
    accept(type) {
      if (this.type !== type) return false;
      this.at += 1;
      return true;
    }
    expect(type) {
      if (!this.accept(type)) wrong(`expected ${type}, found ${this.type}`);
    }
    query() {
      const tree = this.expression(0);
      if (this.type !== "end") wrong(`unexpected ${this.type}`);
      return tree;
    }
    expression(power) {
      let left = this.prefix(this.next());
      while (power < (POWER[this.type] ?? 0)) left = this.infix(this.next().type, left);
      return left;
    }
    prefix(token) {
      switch (token.type) {
        case "literal":
          return { op: "literal", value: token.value };
        case "name":
          if (this.type === "(") return this.call(token.value);
          return { op: "field", name: token.value };
        case "quoted":
          if (this.type === "(") wrong("a quoted name cannot be a function");
          return { op: "field", name: token.value };
        case "@":
          return { op: "current" };
        case "!":
          return { op: "not", of: this.expression(POWER["!"]) };
        case "&":
          return { op: "reference", of: this.expression(0) };
        case "*":
          return { op: "values", of: { op: "current" }, each: this.projected(POWER["*"]) };
        case "[]":
          return { op: "project", of: { op: "flatten", of: { op: "current" } }, each: this.projected(POWER["[]"]) };
        case "[?":
          return this.filter({ op: "current" });
        case "[":
          return this.bracket({ op: "current" }, true);
        case "{":
          return this.hash();
        case "(": {
          const inner = this.expression(0);
          this.expect(")");
          return inner;
        }
        default:
          return wrong(`unexpected ${token.type}`);
      }
    }
    infix(type, left) {
      switch (type) {
        case ".":
          if (this.accept("*")) return { op: "values", of: left, each: this.projected(POWER["."]) };
          return { op: "chain", first: left, then: this.dotted(POWER["."]) };
        case "|":
          return { op: "chain", first: left, then: this.expression(POWER["|"]), pipe: true };
        case "||":
        case "&&":
          return { op: type, left, right: this.expression(POWER[type]) };
        case "[]":
          return { op: "project", of: { op: "flatten", of: left }, each: this.projected(POWER["[]"]) };
        case "[?":
          return this.filter(left);
        case "[":
          return this.bracket(left, false);
        case "(":
          return wrong("only a name can be called");
        default:
          return type in POWER && POWER[type] === 5
            ? { op: "compare", how: type, left, right: this.expression(5) }
            : wrong(`unexpected ${type}`);
      }
    }
    dotted(power) {
      if (this.type === "[") {
        this.next();
        return this.list();
      }
      if (this.type === "{") {
        this.next();
        return this.hash();
      }
      if (!["name", "quoted", "*"].includes(this.type)) wrong(`unexpected ${this.type} after a dot`);
      return this.expression(power);
    }
    // What is applied to each element of a projection.
    projected(power) {
      if ((POWER[this.type] ?? 0) < PROJECTS_UNTIL) return { op: "current" };
      if (this.type === "[" || this.type === "[?") return this.expression(power);
      if (this.accept(".")) return this.dotted(power);
      return wrong(`unexpected ${this.type}`);
    }
    filter(of) {
      const test = this.expression(0);
      this.expect("]");
      return { op: "filter", of, test, each: this.type === "[]" ? { op: "current" } : this.projected(POWER["[?"]) };
    }
    bracket(left, fresh) {
      if (this.type === "*" && this.tokens[this.at + 1].type === "]") {
        this.at += 2;
        return { op: "project", of: left, each: this.projected(POWER["*"]) };
      }
      if (this.type === "number" || this.type === ":") return this.index(left);
      return fresh ? this.list() : wrong(`unexpected ${this.type} between brackets`);
    }
    index(left) {
      const parts = [null, null, null];
      let place = 0;
      while (this.type !== "]") {
        if (this.type === ":") {
          place += 1;
          if (place > 2) wrong("too many colons in a slice");
          this.next();
        } else {
          if (this.type !== "number") wrong(`unexpected ${this.type} between brackets`);
          parts[place] = this.next().value;
        }
      }
      this.expect("]");
      if (place === 0) return { op: "chain", first: left, then: { op: "index", at: parts[0] } };
      return { op: "project", of: { op: "slice", of: left, parts }, each: this.projected(POWER["*"]) };
    }
    list() {
      const parts = [];
      do parts.push(this.expression(0));
      while (this.accept(","));
      this.expect("]");
      return { op: "list", parts };
    }
    hash() {
      const parts = [];
      do {
        const key = this.next();
        if (key.type !== "name" && key.type !== "quoted") wrong(`unexpected ${key.type} as a key`);
        this.expect(":");
        parts.push([key.value, this.expression(0)]);
      } while (this.accept(","));
      this.expect("}");
      return { op: "hash", parts };
    }
    call(name) {
      this.expect("(");
      const parts = [];
      if (this.type !== ")")
        do parts.push(this.expression(0));
        while (this.accept(","));
      this.expect(")");
      return { op: "call", name, parts };
    }
  }
  return { wrong, parse: (text) => new Parser(text).query() };
});
