// Loads CommonJS modules out of the files that were handed over, and gives the descriptions of their classes as text.
(parts) => {
  "use strict";
  // Taken before a package can replace them.
  const { parse } = JSON;
  const { Array, Error, Function, Map, Object, Reflect, String, SyntaxError } = globalThis;
  const { assign, defineProperty, entries, hasOwn, keys, values } = Object;
  const { apply } = Reflect;
  const { toWellFormed } = String.prototype;
  const files = new Map();
  const mounts = [];
  const links = new Map();
  const cache = new Map();
  const wanted = new Map();
  const missing = new Map();
  const replaced = [];
  let most = 0;

  const placeholders = parts.placeholders();
  const dump = parts.dump(placeholders);
  const node = parts.node(placeholders, files);
  const { dirname, join, normalize } = node.path;
  const workflow = parts.workflow(placeholders, node.copy);
  const standIns = new Map([["n8n-workflow", workflow], ["n8n-core", placeholders.make("inert", "n8n-core")]]);
  for (const [name, value] of entries({ ...node.globals, global: globalThis })) {
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }

  const begin = (input) => {
    const given = parse(input);
    most = given.most;
    for (const [path, content] of given.files) files.set(path, content);
    for (const mount of given.mounts) mounts.push(mount);
    for (const [mount, name, target] of given.links) links.set(`${mount}\n${name}`, target);
    mounts.sort((a, b) => b.length - a.length);
  };

  const mountOf = (path) => mounts.find((mount) => path.startsWith(`${mount}/`));
  const document = (path) => {
    try {
      return files.has(path) ? parse(files.get(path)) : undefined;
    } catch {
      return undefined;
    }
  };

  const asFile = (path) => [path, `${path}.js`, `${path}.json`, `${path}.cjs`].find((name) => files.has(name));
  const asFolder = (path) => {
    const main = document(`${path}/package.json`)?.main;
    const named = typeof main === "string" ? join(path, main) : undefined;
    return (named && (asFile(named) ?? asFile(`${named}/index`))) ?? asFile(`${path}/index`);
  };
  const condition = (entry) => {
    if (typeof entry === "string") return entry;
    if (Array.isArray(entry)) return entry.map(condition).find(Boolean);
    if (entry === null || typeof entry !== "object") return undefined;
    for (const key of keys(entry)) {
      if (["require", "node", "default"].includes(key)) {
        const found = condition(entry[key]);
        if (found) return found;
      }
    }
    return undefined;
  };
  const exported = (root, subpath, table) => {
    const key = subpath ? `./${subpath}` : ".";
    const isTable = table !== null && typeof table === "object" && keys(table).some((k) => k.startsWith("."));
    const offered = isTable ? table : { ".": table };
    if (hasOwn(offered, key)) {
      const found = condition(offered[key]);
      return found && asFile(join(root, found));
    }
    for (const pattern of keys(offered).filter((k) => k.includes("*"))) {
      const [before, after] = pattern.split("*");
      if (key.startsWith(before) && key.endsWith(after) && key.length >= pattern.length - 1) {
        const found = condition(offered[pattern])?.replaceAll("*", key.slice(before.length, key.length - after.length));
        if (found && asFile(join(root, found))) return asFile(join(root, found));
      }
    }
    return undefined;
  };
  const inPackage = (root, subpath) => {
    const table = document(`${root}/package.json`)?.exports;
    const found = table === undefined || table === null ? undefined : exported(root, subpath, table);
    const path = subpath ? join(root, subpath) : root;
    return found ?? (subpath ? asFile(path) : undefined) ?? asFolder(path);
  };

  const fault = (message, name = "Error") => assign(new Error(message), { name, code: "MODULE_NOT_FOUND" });
  const moduleError = (request, from) => fault(`${from} requires ${request}, which is not in the package`);

  const lacking = (mount, name, why) => {
    const key = `${mount}\n${name}`;
    if (!missing.has(key)) missing.set(key, { mount, name, why });
    return placeholders.make("missing", name);
  };
  const dependency = (request, from) => {
    const [first, second, ...rest] = request.split("/");
    const name = first.startsWith("@") ? `${first}/${second}` : first;
    const subpath = (first.startsWith("@") ? rest : [second, ...rest]).filter((part) => part !== undefined).join("/");
    if (standIns.has(name)) return { value: standIns.get(name) };
    const mount = mountOf(from);
    for (let folder = dirname(from); folder.length >= mount.length; folder = dirname(folder)) {
      const root = `${folder}/node_modules/${name}`;
      const found = inPackage(root, subpath);
      if (found) return { path: found };
    }
    const target = links.get(`${mount}\n${name}`);
    if (target === undefined) wanted.set(`${mount}\n${name}`, { mount, name });
    if (typeof target !== "string") {
      const made = parts.replacements[name]?.(placeholders);
      if (made === undefined) return { value: lacking(mount, name, "not there") };
      standIns.set(name, made);
      replaced.push(name);
      return { value: made };
    }
    const found = inPackage(target, subpath);
    if (!found) return { value: lacking(mount, name, subpath ? `has no ${subpath}` : "has no CommonJS entry") };
    if (isModule(found)) return { value: lacking(mount, name, "is an ES module") };
    return { path: found };
  };

  const isModule = (path) => {
    if (path.endsWith(".mjs")) return true;
    if (!path.endsWith(".js")) return false;
    for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
      const found = document(`${folder}/package.json`);
      if (found) return found.type === "module";
    }
    return false;
  };

  const requireFrom = (from) => {
    const require = (request) => {
      if (typeof request !== "string") throw fault(`${from} requires something that is no text`);
      const plain = request.startsWith("node:") ? request.slice(5) : request;
      if (node.modules.has(plain)) return node.modules.get(plain);
      if (request.startsWith("node:")) return placeholders.make("refused", request);
      if (!/^(\.\.?(\/|$)|\/)/.test(request)) {
        const found = dependency(request, from);
        return found.path ? load(found.path) : found.value;
      }
      const path = request.startsWith("/") ? normalize(request) : join(dirname(from), request);
      const found = asFile(path) ?? asFolder(path);
      if (!found) throw moduleError(request, from);
      return load(found);
    };
    require.resolve = (request) => request;
    require.cache = {};
    return require;
  };

  const compile = (path, source) => {
    try {
      return new Function("exports", "require", "module", "__filename", "__dirname", source.replace(/^#!.*/, ""));
    } catch (error) {
      if (error instanceof SyntaxError && (isModule(path) || /^\s*(import|export)\b/m.test(source))) {
        throw fault(`${path} is an ES module; only CommonJS modules can be imported`, "SyntaxError");
      }
      throw fault(`${path} cannot be read: ${error.message}`, "SyntaxError");
    }
  };
  const load = (path) => {
    if (cache.has(path)) return cache.get(path).exports;
    const module = { exports: {}, id: path, filename: path, loaded: false, children: [], paths: [] };
    cache.set(path, module);
    const source = files.get(path);
    if (path.endsWith(".json")) {
      try {
        module.exports = parse(source);
      } catch (error) {
        throw fault(`${path} is not JSON: ${error.message}`, "SyntaxError");
      }
    } else {
      const require = requireFrom(path);
      require.main = undefined;
      try {
        compile(path, source).call(module.exports, module.exports, require, module, path, dirname(path));
      } catch (error) {
        cache.delete(path);
        if (error instanceof Error && !error.message.includes("/")) error.message = `${error.message} (in ${path})`;
        throw error;
      }
    }
    module.loaded = true;
    return module.exports;
  };

  const classOf = (path, name) => {
    const found = load(path);
    const candidates = [found?.[name], found?.default, ...values(found ?? {}), found];
    const made = candidates.find((candidate) => typeof candidate === "function" && !placeholders.originOf(candidate));
    if (made === undefined) throw new Error(`${path} exports no class ${name}`);
    return made;
  };
  const CODE = ["execute", "trigger", "poll", "webhook", "supplyData"];
  const methodNames = (methods) => {
    const found = {};
    for (const [group, members] of entries(methods ?? {})) found[group] = keys(members ?? {});
    return found;
  };
  const one = (version, instance) => ({
    version,
    description: instance.description,
    code: CODE.filter((name) => typeof instance[name] === "function"),
    methods: methodNames(instance.methods),
    custom: methodNames(instance.customOperations),
  });
  const nodeType = (path, name) => {
    const instance = new (classOf(path, name))();
    if (instance.nodeVersions === undefined) return [one(null, instance)];
    return entries(instance.nodeVersions).map(([version, each]) => ({
      ...one(version, each),
      newest: String(version) === String(instance.currentVersion),
    }));
  };
  const credentialType = (path, name) => {
    const instance = new (classOf(path, name))();
    const found = { ...instance };
    for (const key of ["preAuthentication", "authenticate"]) {
      if (typeof instance[key] === "function") found[key] = instance[key];
    }
    return [{ description: found }];
  };

  const describe = (kind, path, name) => {
    let result;
    try {
      result = dump((kind === "node" ? nodeType : credentialType)(path, name), most);
    } catch (error) {
      const known = error instanceof Error;
      const message = known ? `${error.name}: ${error.message}` : "it threw something that is no error";
      return `{"error":${dump(String(message).slice(0, 2000), 1).text}}`;
    }
    return `{"result":${result.text},"notes":${result.notes},"lost":${result.lost}}`;
  };
  const state = () => {
    const [asked, lacked] = [[...wanted.values()], [...missing.values()]];
    return dump({ wanted: asked, missing: lacked, replaced, uses: placeholders.uses() }, 100000).text;
  };

  // A long concatenation is no string to the host until something has read it whole.
  const whole = (callable) => (...given) => apply(toWellFormed, callable(...given), []);
  const faces = { begin, describe: whole(describe), state: whole(state) };
  return (name) => faces[name];
}
