// A stand-in for the library many nodes are made with when it is not beside the package: it makes a node's properties
// from the OpenAPI document the package brings, by the rules the library documents (resource = tag, operation =
// operationId, a field for each parameter and each property of a JSON body).
(placeholders) => {
  "use strict";
  const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  const JSON_CONTENT = /application\/json.*/;
  const NO_BODY = "the body is no JSON object and cannot be filled in here";

  const LIGATURES = {
    "\u00df": "ss", "\u00e6": "ae", "\u00c6": "Ae", "\u0153": "oe", "\u0152": "Oe", "\u00f8": "o", "\u00d8": "O",
  };
  // Ordinals, numbers, capitals up to the one that begins a word, words. Letters beyond ASCII count as small ones.
  const WORDS = new RegExp(
    [
      "\\d*(?:1st|2nd|3rd|[04-9]th)(?=\\b|[A-Z_])", "\\d*(?:1ST|2ND|3RD|[04-9]TH)(?=\\b|[a-z_])", "\\d+",
      "[A-Z]+(?![a-z]|(?![A-Z])\\p{L})", "[A-Z]?(?:[a-z]|(?![A-Z])\\p{L})+", "[A-Z]+",
    ].join("|"),
    "gu",
  );
  const titled = (name) => {
    const bare = String(name).replace(/[\u00df\u00e6\u00c6\u0153\u0152\u00f8\u00d8]/g, (letter) => LIGATURES[letter]);
    const plain = bare.normalize("NFD").replace(/(\p{Script=Latin})\p{M}+/gu, "$1").normalize("NFC");
    const words = plain.replace(/['\u2019]/g, "").match(WORDS) ?? [];
    return words.map((word) => word[0].toUpperCase() + word.slice(1)).join(" ");
  };

  // Schemas: what a reference leads to, and an example of it.
  const follow = (doc, reference) => {
    const found = reference.split("/").slice(1).reduce((place, key) => {
      if (!place?.[key]) throw new Error(`nothing stands at ${reference}`);
      return place[key];
    }, doc);
    return "$ref" in found ? follow(doc, found.$ref) : found;
  };
  // The schema itself and the references that led to it.
  const settle = (doc, schema) => {
    if ("properties" in schema) return [schema, []];
    let chosen = schema;
    for (const choice of ["oneOf", "anyOf"]) if (choice in chosen) chosen = chosen[choice][0];
    if ("allOf" in chosen) {
      const all = chosen.allOf.map((part) => settle(doc, part));
      // What stands there without a reference counts as one thing that can be met again, as in the library.
      const met = all.flatMap(([, seen]) => (seen.length ? seen : [undefined]));
      return [Object.assign({}, ...all.map(([part]) => part)), met];
    }
    if (!("$ref" in chosen)) return [chosen, []];
    const { $ref: reference, ...beside } = chosen;
    return [{ ...beside, ...follow(doc, reference) }, [reference]];
  };
  const example = (doc, given, seen) => {
    const [schema, references] = settle(doc, given);
    for (const reference of references) {
      if (seen.has(reference)) return {};
      seen.add(reference);
    }
    if ("oneOf" in schema) return example(doc, schema.oneOf[0], seen);
    if ("allOf" in schema) return Object.assign({}, ...schema.allOf.map((part) => example(doc, part, seen)));
    if (schema.example !== undefined) return schema.example;
    if (schema.default !== undefined) return schema.default;
    if (schema.properties) {
      return Object.fromEntries(Object.entries(schema.properties).map(([k, part]) => [k, example(doc, part, seen)]));
    }
    return schema.items ? [example(doc, schema.items, seen)] : undefined;
  };

  // Fields: what the first of the objects that has a key says.
  const firstOf = (...objects) => {
    const made = {};
    for (const object of objects) {
      for (const [key, value] of Object.entries(object)) if (made[key] === undefined) made[key] = value;
    }
    if (!made.required) delete made.required;
    return made;
  };
  const asText = (value, empty) => (value === undefined ? empty : JSON.stringify(value, null, 2));
  const KINDS = {
    boolean: (shown) => ["boolean", shown ?? true],
    string: (shown) => ["string", shown ?? ""],
    number: (shown) => ["number", shown ?? 0],
    integer: (shown) => ["number", shown ?? 0],
    object: (shown) => ["json", asText(shown, "{}")],
    array: (shown) => ["json", asText(shown, "[]")],
  };
  const fieldOf = (doc, given) => {
    const [schema] = settle(doc, given);
    const shown = example(doc, schema, new Set());
    const kind = KINDS[schema.type ?? "string"] ?? (() => [undefined, shown]);
    const [type, initial] = kind(shown ?? undefined);
    const field = { type, default: shown === null ? null : initial, description: schema.description };
    if (!schema.enum?.length) return field;
    const options = schema.enum.map((value) => ({ name: titled(value), value }));
    return { ...field, type: "options", default: field.default || schema.enum[0], options };
  };
  const plainName = (name) => name.replaceAll(".", "-");
  const contentOf = (content) => Object.entries(content ?? {}).find(([kind]) => JSON_CONTENT.test(kind))?.[1];

  const PLACES = {
    query: (name) => ({
      send: { type: "query", property: name, value: "={{ $value }}", propertyInDotNotation: false },
    }),
    header: (name) => ({ request: { headers: { [name]: "={{ $value }}" } } }),
    path: () => undefined,
  };
  const parameterField = (doc, given) => {
    const [parameter] = settle(doc, given);
    const { name, required, description } = parameter;
    const schema = parameter.schema ?? contentOf(parameter.content).schema;
    const own = { displayName: titled(name), name: plainName(name), required, description, default: parameter.example };
    const field = firstOf(own, fieldOf(doc, schema));
    const routing = PLACES[parameter.in](name);
    if (routing) field.routing = routing;
    if (parameter.in === "path") field.required = true;
    return field;
  };
  const bodyFields = (doc, given) => {
    if (!given) return [];
    const [body] = settle(doc, given);
    const content = contentOf(body.content);
    if (!content) throw new Error("the body is no JSON");
    const [schema] = settle(doc, content.schema);
    if (!schema.properties && !["object", "array"].includes(schema.type)) throw new Error("the body is no object");
    const fields = [];
    const named = (name, part, required) =>
      firstOf({ required }, firstOf({ displayName: titled(name), name: plainName(name) }, fieldOf(doc, part)));
    if (schema.type === "array" && schema.items) {
      const whole = named("body", settle(doc, schema.items)[0], Boolean(schema.required));
      fields.push({ ...whole, routing: { request: { body: "={{ JSON.parse($value) }}" } } });
    }
    for (const [name, part] of Object.entries(schema.properties ?? {})) {
      const field = named(name, part, schema.required && schema.required.includes(name));
      const value = field.type === "json" ? "={{ JSON.parse($value) }}" : "={{ $value }}";
      const send = { property: name, propertyInDotNotation: false, type: "body", value };
      fields.push({ ...field, routing: { send } });
    }
    return fields;
  };
  const noticed = (displayName, more) => ({ displayName, name: "operation", type: "notice", ...more, default: "" });

  // What users of the library derive from to name things their own way.
  class DefaultOperationParser {
    shouldSkip(operation) {
      return Boolean(operation.deprecated);
    }
    name(operation, context) {
      const { operationId } = operation;
      return operationId ? titled(operationId) : `${context.method.toUpperCase()} ${context.pattern}`;
    }
    value(operation, context) {
      return this.name(operation, context).replace(/[^a-zA-Z0-9 ]/g, "-");
    }
    action(operation, context) {
      return operation.summary || this.name(operation, context);
    }
    description(operation) {
      return operation.description || operation.summary || "";
    }
  }
  class DefaultResourceParser {
    name(tag) {
      return titled(tag.name);
    }
    value(tag) {
      return titled(tag.name);
    }
    description(tag) {
      return tag.description || "";
    }
  }

  const tagsInOrder = (doc, operations) => {
    const declared = (doc.tags ?? []).map(({ name, description }) => ({ name, description: description || "" }));
    const known = new Set(declared.map((tag) => tag.name));
    const met = [...new Set(operations.flatMap(({ operation }) => operation.tags))].filter((name) => !known.has(name));
    const others = met.filter((name) => name !== "default").map((name) => ({ name, description: "" }));
    const last = met.includes("default") ? [{ name: "default", description: "" }] : [];
    return { declared, met, others, last };
  };
  const operationsOf = (doc) => {
    const found = [];
    for (const [pattern, path] of Object.entries(doc.paths ?? {})) {
      for (const [method, operation] of Object.entries(path)) {
        if (!METHODS.includes(method)) continue;
        if (!operation.tags?.length) operation.tags = ["default"];
        found.push({ operation, context: { pattern, path, method } });
      }
    }
    return found;
  };
  const fits = (value, wanted) => {
    if (wanted === null || typeof wanted !== "object") return Object.is(value, wanted);
    if (value === null || typeof value !== "object") return false;
    if (Array.isArray(wanted)) return wanted.every((part) => value.some?.((each) => fits(each, part)));
    return Object.keys(wanted).every((key) => fits(value[key], wanted[key]));
  };

  class N8NPropertiesBuilder {
    constructor(doc, config = {}) {
      if (config?.OperationsCollector || config?.ResourcePropertiesCollector) {
        throw new Error("the package extends @devlikeapro/n8n-openapi-node, which is not there: give it");
      }
      this.doc = doc;
      this.operationParser = config?.operation ?? new DefaultOperationParser();
      this.resourceParser = config?.resource ?? new DefaultResourceParser();
    }
    build(overrides = []) {
      const operations = operationsOf(this.doc);
      const properties = [this.resource(operations), ...this.operations(operations)];
      for (const { find, replace } of overrides) {
        for (const property of properties) if (fits(property, find)) Object.assign(property, replace);
      }
      return properties;
    }
    resource(operations) {
      const { declared, others, last } = tagsInOrder(this.doc, operations);
      const parser = this.resourceParser;
      const options = [...declared, ...others, ...last].map((tag) => ({
        name: parser.name(tag), value: parser.value(tag), description: parser.description(tag),
      }));
      const shape = { displayName: "Resource", name: "resource", type: "options", noDataExpression: true };
      return { ...shape, options, default: "" };
    }
    operations(operations) {
      const byResource = new Map();
      const fields = [];
      for (const { operation, context } of operations) {
        try {
          this.add(operation, context, byResource, fields);
        } catch {
          // An operation that the document does not describe well is left out, as the library does.
        }
      }
      if (byResource.size === 0) throw new Error("the OpenAPI document has no operations");
      const choices = [...byResource].map(([resource, options]) => ({
        displayName: "Operation", name: "operation", type: "options", noDataExpression: true,
        displayOptions: { show: { resource: [resource] } }, options, default: "",
      }));
      return [...choices, ...fields];
    }
    add(operation, context, byResource, fields) {
      const parser = this.operationParser;
      if (parser.shouldSkip(operation, context)) return;
      const shown = `${context.method.toUpperCase()} ${context.pattern}`;
      const url = `=${context.pattern.replace(/{([^}]*)}/g, '{{$parameter["$1"]}}')}`;
      const option = {
        name: parser.name(operation, context),
        value: parser.value(operation, context),
        action: parser.action(operation, context),
        description: parser.description(operation, context),
        routing: { request: { method: context.method.toUpperCase(), url } },
      };
      const own = [noticed(shown, { typeOptions: { theme: "info" } }), ...this.fields(operation, shown)];
      for (const tag of operation.tags) {
        const resource = this.resourceParser.value({ name: tag });
        const options = byResource.get(resource) ?? [];
        byResource.set(resource, options);
        if (options.some(({ value }) => value === option.value)) throw new Error("two operations have one name");
        options.push(option);
        const displayOptions = { show: { resource: [resource], operation: [option.name] } };
        fields.push(...structuredClone(own).map((field) => ({ ...field, displayOptions })));
      }
    }
    fields(operation, shown) {
      const found = (operation.parameters ?? []).map((parameter) => parameterField(this.doc, parameter));
      try {
        return [...found, ...bodyFields(this.doc, operation.requestBody)];
      } catch {
        return [...found, noticed(`${shown}: ${NO_BODY}`)];
      }
    }
  }

  const made = { N8NPropertiesBuilder, DefaultOperationParser, DefaultResourceParser };
  const rest = placeholders.make("missing", "@devlikeapro/n8n-openapi-node");
  return new Proxy(made, {
    get: (target, key) => (Object.hasOwn(target, key) || typeof key === "symbol" ? target[key] : rest[key]),
  });
}
