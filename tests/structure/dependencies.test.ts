import { describe, expect, it } from "vitest";
import { importsOf, projectFiles, readProjectFile } from "./support/sources.js";

/**
 * What each folder of the library may import from the others: dependencies point one way.
 *
 * `policy` and `plan` decide what will be enforced, so they must stay readable on their own: they see the vocabulary of errors, of the
 * host report and of the enforcement table, and nothing that acts. What acts (`broker`, `levels`, `sandbox`) sees them.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  concurrency: [],
  addresses: [],
  arguments: ["errors"],
  policy: ["errors", "arguments"],
  host: ["errors", "policy"],
  helpers: ["errors", "host"],
  evidence: ["errors", "policy", "host", "plan"],
  syscalls: ["errors", "arguments", "host"],
  apparmor: ["errors", "policy", "host", "plan"],
  plan: ["errors", "arguments", "policy", "host", "evidence", "syscalls"],
  channel: ["errors"],
  broker: ["errors", "arguments", "channel", "host", "plan", "evidence"],
  guest: ["errors", "arguments", "channel", "broker", "host", "plan", "evidence"],
  levels: ["errors", "policy", "channel", "broker", "host", "plan", "evidence", "guest", "apparmor"],
  images: ["errors", "arguments", "concurrency", "addresses", "helpers", "policy", "host", "plan", "broker", "sandbox"],
  egress: ["errors", "arguments", "concurrency", "addresses", "policy", "channel", "helpers"],
  learn: ["errors", "arguments", "policy", "host", "apparmor", "egress", "broker", "sandbox", "syscalls"],
  record: ["errors", "arguments", "policy", "plan", "evidence"],
  verify: ["errors", "arguments", "policy", "host", "evidence", "broker", "sandbox"],
  diff: ["errors", "arguments", "policy", "plan", "syscalls", "sandbox"],
  surface: ["errors", "arguments", "policy", "host", "broker", "sandbox"],
  pool: ["errors", "arguments", "policy", "sandbox"],
  sandbox: [
    "record",
    "helpers",
    "errors",
    "arguments",
    "policy",
    "host",
    "plan",
    "evidence",
    "channel",
    "broker",
    "levels",
    "images",
    "egress",
    "apparmor",
  ],
};

const source = "packages/bulkhead/src/";
const library = projectFiles(/^packages\/bulkhead\/src\/.*\.ts$/);

describe("the library's folders", () => {
  it("are all in the table", () => {
    expect([...new Set(library.map(folderOf))].filter((folder) => folder !== "" && !(folder in allowed))).toEqual([]);
  });

  it.each(Object.entries(allowed))("%s imports only %j", (folder, targets) => {
    const wrong = library
      .filter((file) => folderOf(file) === folder)
      .flatMap(importsOf)
      .filter(({ target }) => target !== undefined)
      .filter(({ target = "" }) => folderOf(target) !== folder && !targets.includes(folderOf(target)));
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});

describe("levels", () => {
  it("never import each other, only what all drivers share", () => {
    const shared = /^packages\/bulkhead\/src\/levels\/(driver|runtime|select)\.js$/;
    const chooses = /\/levels\/select\.ts$/;
    // The parts of one level are a folder of its own, beside the file that bears its name.
    const levelOf = (path: string) =>
      path
        .slice(source.length)
        .split("/")[1]
        ?.replace(/\.[jt]s$/, "");
    const wrong = library
      .filter((file) => folderOf(file) === "levels" && !chooses.test(file))
      .flatMap(importsOf)
      .filter(({ target = "" }) => folderOf(target) === "levels" && !shared.test(target))
      .filter(({ file, target = "" }) => levelOf(file) !== levelOf(target));
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});

describe("the command line", () => {
  const files = projectFiles(/^packages\/cli\/src\/.*\.ts$/);

  it("uses only what the library exports", () => {
    const known = /^(node:|\.|commander$|bulkhead$)/;
    const wrong = files
      .flatMap(importsOf)
      .filter(
        ({ specifier, target }) =>
          !known.test(specifier) || (target?.startsWith("packages/cli/src/") ?? true) === false,
      );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});

describe("the Rust crates", () => {
  /** The privileged program stays small: a new dependency of it is a decision, made here. */
  const external: Readonly<Record<string, readonly string[]>> = {
    error: ["rustix", "serde"],
    sys: ["libc", "rustix"],
    plan: ["serde", "serde_json"],
    channel: ["serde", "serde_json"],
    order: ["libc", "serde"],
    filters: ["libc", "syscalls"],
    confine: ["landlock", "libc", "rustix"],
    setup: ["libc", "rustix"],
    broker: ["libc", "rustix", "serde", "serde_json"],
    init: ["libc", "rustix", "serde", "serde_json"],
    guest: ["libc", "rustix", "serde", "serde_json"],
    relay: ["rustix"],
    helper: ["rustix", "serde_json"],
    warden: [],
    probe: ["libc"],
    surface: ["libc", "serde", "serde_json", "syscalls"],
  };

  it.each(Object.entries(external))("%s depends only on %j and our own", (crate, names) => {
    const section =
      /^\[dependencies\]\n((?:(?!\[).*\n?)*)/m.exec(readProjectFile(`warden/${crate}/Cargo.toml`))?.[1] ?? "";
    const found = [...section.matchAll(/^([\w-]+)/gm)].map(([, name = ""]) => name);
    expect(found.filter((name) => !name.startsWith("bulkhead-") && !names.includes(name))).toEqual([]);
  });
});

describe("raw system calls", () => {
  it.each(["setup", "confine", "order", "error", "broker", "filters", "plan", "channel", "helper"])(
    "%s makes none: bulkhead-sys does",
    (crate) => {
      const raw = projectFiles(new RegExp(`^warden/${crate}/src/.*\\.rs$`)).filter((path) =>
        /\bunsafe\b/.test(readProjectFile(path).replace(/\/\/.*$/gm, "")),
      );
      expect(raw).toEqual([]);
    },
  );
});

/** The folder below the library's `src`; empty for files directly in it, such as `index.ts`. */
function folderOf(path: string): string {
  if (!path.startsWith(source)) return "outside";
  const rest = path.slice(source.length);
  return rest.includes("/") ? rest.slice(0, rest.indexOf("/")) : "";
}
