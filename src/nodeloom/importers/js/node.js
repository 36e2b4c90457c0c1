// What a package may expect of Node.js: `path`, reading its own files, a few helpers; everything else is inert, and
// what would reach the machine is refused when it is called.
(placeholders, files) => {
  "use strict";
  const REFUSED = [
    "child_process", "cluster", "dgram", "diagnostics_channel", "dns", "fs/promises", "http", "http2", "https",
    "inspector", "module", "net", "process", "repl", "sqlite", "tls", "v8", "vm", "wasi", "worker_threads",
  ];
  const INERT = [
    "assert", "async_hooks", "buffer", "console", "constants", "crypto", "domain", "events", "os", "perf_hooks",
    "punycode", "querystring", "readline", "stream", "stream/promises", "string_decoder", "test", "timers",
    "timers/promises", "tty", "util/types", "zlib",
  ];

  // Paths, as POSIX has them.
  const normalize = (text) => {
    const absolute = text.startsWith("/");
    const parts = [];
    for (const part of text.split("/")) {
      if (part === "" || part === ".") continue;
      if (part === ".." && parts.length && parts.at(-1) !== "..") parts.pop();
      else if (part !== ".." || !absolute) parts.push(part);
    }
    return (absolute ? "/" : "") + parts.join("/") || (absolute ? "/" : ".");
  };
  const join = (...parts) => normalize(parts.filter((part) => part !== "").join("/"));
  const resolve = (...parts) => {
    let found = "";
    for (const part of [...parts].reverse()) {
      found = found ? `${part}/${found}` : part;
      if (part.startsWith("/")) return normalize(found);
    }
    return normalize(`/package/${found}`);
  };
  const dirname = (text) => {
    const at = text.replace(/\/+$/, "").lastIndexOf("/");
    return at < 0 ? "." : at === 0 ? "/" : text.slice(0, at);
  };
  const basename = (text, ending = "") => {
    const name = text.replace(/\/+$/, "").split("/").at(-1);
    return ending && name !== ending && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
  };
  const extname = (text) => {
    const name = basename(text);
    const at = name.lastIndexOf(".");
    return at > 0 ? name.slice(at) : "";
  };
  const relative = (from, to) => {
    const [here, there] = [from, to].map((text) => resolve(text).split("/").filter(Boolean));
    let shared = 0;
    while (shared < here.length && here[shared] === there[shared]) shared += 1;
    return [...here.slice(shared).map(() => ".."), ...there.slice(shared)].join("/");
  };
  const path = {
    basename, delimiter: ":", dirname, extname, isAbsolute: (text) => text.startsWith("/"), join, normalize, relative,
    resolve, sep: "/",
    parse: (text) => {
      const [base, ext] = [basename(text), extname(text)];
      return { root: text.startsWith("/") ? "/" : "", dir: dirname(text), base, ext, name: basename(text, ext) };
    },
    format: ({ dir, base, name = "", ext = "" }) => (dir ? `${dir}/` : "") + (base ?? name + ext),
  };
  path.posix = path;

  // Files: those of the package that were handed over, for reading.
  const locate = (name) => resolve(String(name).replace(/^file:\/\//, ""));
  const noSuchFile = (name) => {
    const fault = new Error(`ENOENT: the package has no text file ${String(name)}`);
    fault.code = "ENOENT";
    return fault;
  };
  const inside = (folder) => [...files.keys()].filter((name) => name.startsWith(folder === "/" ? "/" : `${folder}/`));
  const stat = (name) => {
    const at = locate(name);
    if (!files.has(at) && !inside(at).length) throw noSuchFile(name);
    return { isFile: () => files.has(at), isDirectory: () => !files.has(at), size: files.get(at)?.length ?? 0 };
  };
  const reading = {
    existsSync: (name) => files.has(locate(name)) || inside(locate(name)).length > 0,
    readFileSync: (name) => {
      if (!files.has(locate(name))) throw noSuchFile(name);
      return files.get(locate(name));
    },
    readdirSync: (name) => {
      const folder = locate(name);
      return [...new Set(inside(folder).map((found) => found.slice(folder.length + 1).split("/")[0]))].sort();
    },
    statSync: stat,
    lstatSync: stat,
    realpathSync: locate,
  };
  const fallback = (own, kind, name) => {
    const rest = placeholders.make(kind, name);
    return new Proxy(own, {
      get: (target, key) => (Object.hasOwn(target, key) || typeof key === "symbol" ? target[key] : rest[key]),
    });
  };

  const copy = (value, seen = new Map()) => {
    if (value === null || typeof value !== "object") return value;
    if (seen.has(value)) return seen.get(value);
    if (value instanceof Date) return new Date(value);
    const made = Array.isArray(value) ? [] : {};
    seen.set(value, made);
    for (const key of Object.keys(value)) made[key] = copy(value[key], seen);
    return made;
  };
  // Questions about values are answered: a placeholder's answer would count as yes.
  const types = new Proxy({}, { get: () => () => false });
  const Buffer = fallback({ isBuffer: () => false }, "inert", "Buffer");
  const util = {
    types,
    inherits: (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype),
    deprecate: (callable) => callable,
    promisify: (callable) => callable,
    callbackify: (callable) => callable,
    inspect: (value) => String(value),
    format: (...parts) => parts.map(String).join(" "),
    isDeepStrictEqual: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  };
  const url = {
    fileURLToPath: (address) => String(address).replace(/^file:\/\//, ""),
    pathToFileURL: (name) => ({ href: `file://${name}`, toString: () => `file://${name}` }),
  };
  const process = {
    argv: [], arch: "none", browser: false, env: {}, execArgv: [], pid: 0, platform: "linux", release: {},
    version: "v22.0.0", versions: { node: "22.0.0" },
    cwd: () => "/package",
    emitWarning() {}, nextTick() {}, on: () => process, once: () => process,
    hrtime: () => [0, 0],
    exit() {
      throw new Error("process.exit is not available while a package is imported");
    },
  };

  const modules = new Map([
    ["path", path],
    ["path/posix", path],
    ["fs", fallback(reading, "refused", "fs")],
    ["util", fallback(util, "inert", "util")],
    ["url", fallback(url, "inert", "url")],
    ["util/types", types],
    ["buffer", fallback({ Buffer }, "inert", "buffer")],
    ["process", process],
  ]);
  for (const name of REFUSED) if (!modules.has(name)) modules.set(name, placeholders.make("refused", name));
  for (const name of INERT) if (!modules.has(name)) modules.set(name, placeholders.make("inert", name));

  const quiet = () => undefined;
  const globals = { Buffer, process, structuredClone: (value) => copy(value) };
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) globals[name] = () => 0;
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) globals[name] = quiet;
  for (const name of ["fetch", "WebSocket", "XMLHttpRequest"]) globals[name] = placeholders.make("refused", name);
  for (const name of [
    "AbortController", "AbortSignal", "Blob", "Event", "EventTarget", "File", "FormData", "Headers", "Intl",
    "Request", "Response", "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "crypto",
  ]) {
    if (!(name in globalThis)) globals[name] = placeholders.make("inert", name);
  }
  globals.console = new Proxy({}, { get: () => quiet });

  return { modules, globals, path, copy };
}
