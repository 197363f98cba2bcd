import { describe, expect, it } from "vitest";
import { circlesIn } from "./support/circles.js";
import { dependenciesOf } from "./support/rust.js";
import { importsOf, projectFiles, readProjectFile } from "./support/sources.js";

/** Helpers for plain values and promises, which every folder may import. They import nothing. */
const BASE = "values";

/**
 * The floors of the library, the lowest first: each folder may import from those that it names, and it can name only
 * those below it.
 *
 * `policy` and `plan` decide what will be enforced, so they must stay readable on their own: they see the vocabulary of
 * errors, of the host report and of the warden (`contract`), and nothing that acts. `session` runs a plan, and knows
 * neither policies nor images.
 */
const floors: readonly (readonly [folder: string, imports: readonly string[]])[] = [
  [BASE, []],
  ["contract", []],
  ["addresses", []],
  ["concurrency", []],
  ["errors", ["contract"]],
  ["trace", ["errors"]],
  ["arguments", ["errors"]],
  ["channel", ["contract", "errors"]],
  ["policy", ["contract", "errors", "arguments"]],
  ["host", ["contract", "errors", "policy"]],
  ["helpers", ["contract", "errors", "host"]],
  ["syscalls", ["errors", "arguments", "host"]],
  ["egress", ["addresses", "concurrency", "errors", "arguments", "channel", "policy", "helpers"]],
  ["plan", ["contract", "errors", "arguments", "policy", "host", "syscalls"]],
  ["apparmor", ["errors", "policy", "host", "plan"]],
  ["evidence", ["contract"]],
  ["enforcement", ["contract", "errors", "policy", "host", "plan", "evidence"]],
  ["broker", ["contract", "errors", "arguments", "channel", "host", "plan", "evidence"]],
  ["record", ["errors", "arguments", "policy", "host", "plan", "evidence", "enforcement"]],
  ["guest", ["contract", "errors", "arguments", "channel", "host", "plan", "broker"]],
  ["levels", ["contract", "errors", "channel", "policy", "host", "plan", "apparmor", "broker", "guest"]],
  ["prepare", ["errors", "policy", "host", "plan", "enforcement", "broker", "levels"]],
  ["session", ["contract", "errors", "trace", "arguments", "channel", "host", "plan", "broker", "levels"]],
  ["internal", ["errors", "policy", "host", "broker", "prepare", "session"]],
  [
    "images",
    [
      "contract",
      "addresses",
      "concurrency",
      "errors",
      "arguments",
      "policy",
      "host",
      "helpers",
      "plan",
      "broker",
      "session",
      "internal",
    ],
  ],
  [
    "sandbox",
    [
      "contract",
      "errors",
      "trace",
      "arguments",
      "channel",
      "policy",
      "host",
      "helpers",
      "egress",
      "plan",
      "apparmor",
      "enforcement",
      "broker",
      "record",
      "levels",
      "prepare",
      "session",
      "images",
    ],
  ],
  ["diff", ["errors", "arguments", "policy", "syscalls", "plan", "session", "sandbox"]],
  ["learn", ["errors", "arguments", "policy", "host", "syscalls", "egress", "apparmor", "session", "sandbox"]],
  ["pool", ["errors", "arguments", "policy", "session", "sandbox"]],
  ["surface", ["errors", "arguments", "policy", "host", "sandbox"]],
  ["verify", ["errors", "arguments", "policy", "host", "evidence", "enforcement", "session", "sandbox"]],
  [
    "services",
    [
      "contract",
      "errors",
      "arguments",
      "channel",
      "policy",
      "host",
      "helpers",
      "plan",
      "broker",
      "session",
      "images",
      "sandbox",
      "verify",
    ],
  ],
];

const source = "packages/bulkhead/src/";
const library = projectFiles(/^packages\/bulkhead\/src\/.*\.ts$/);

describe("the library's folders", () => {
  const names = floors.map(([folder]) => folder);

  it("are all in the table", () => {
    expect([...new Set(library.map(folderOf))].filter((folder) => folder !== "" && !names.includes(folder))).toEqual(
      [],
    );
  });

  it("name only folders below themselves", () => {
    const wrong = floors.flatMap(([folder, imports], floor) =>
      imports.filter((name) => !names.slice(0, floor).includes(name)).map((name) => `${folder} names ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(floors)("%s imports only %j", (folder, targets) => {
    const wrong = library
      .filter((file) => folderOf(file) === folder)
      .flatMap(importsOf)
      .filter(({ target }) => target !== undefined)
      .filter(({ target = "" }) => ![folder, BASE, ...targets].includes(folderOf(target)));
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});

describe("the files of a package", () => {
  it.each(["bulkhead", "cli", "server"])("%s: form no circle, types and late imports included", (name) => {
    const files = projectFiles(new RegExp(`^packages/${name}/src/.*\\.ts$`));
    expect(files.length).toBeGreaterThan(30);
    const graph = new Map(
      files.map((file) => [file, importsOf(file).flatMap(({ target }) => target?.replace(/\.js$/, ".ts") ?? [])]),
    );
    expect(circlesIn(graph)).toEqual([]);
  });

  it("are found to form one where they do", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", ["a"]],
      ["d", []],
      ["e", ["e"]],
    ]);
    expect(circlesIn(graph)).toEqual(["a -> b -> c -> a", "e -> e"]);
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
    const known = /^(node:|\.|commander$|bulkhead$|bulkhead-server$|bulkhead\/[a-z]+$)/;
    const wrong = files
      .flatMap(importsOf)
      .filter(
        ({ specifier, target }) =>
          !known.test(specifier) || (target?.startsWith("packages/cli/src/") ?? true) === false,
      );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});

describe("the server", () => {
  const folder = (path = "") => /^packages\/server\/src\/([a-z]+)/.exec(path)?.[1] ?? "outside";
  const imports = projectFiles(/^packages\/server\/src\/.*\.ts$/).flatMap(importsOf);

  it("uses only what the library exports, Fastify in `http` and zod", () => {
    const known = /^(node:|\.|zod$|bulkhead$|bulkhead\/[a-z]+$)/;
    const wrong = imports.filter(
      ({ file, specifier }) => !known.test(specifier) && !(specifier === "fastify" && folder(file) === "http"),
    );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  it("keeps its operations apart from HTTP", () => {
    const wrong = imports.filter(
      ({ file, target }) => folder(target) === "http" && !/^(?:http|server)$/.test(folder(file)),
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
    calls: ["syscalls"],
    filters: ["libc"],
    confine: ["landlock", "libc", "rustix"],
    parcel: ["rustix"],
    protocol: ["serde"],
    setup: ["libc", "rustix"],
    keeper: ["libc", "rustix"],
    front: ["rustix", "serde", "serde_json"],
    alone: ["rustix"],
    broker: ["libc", "rustix", "serde", "serde_json"],
    init: ["libc", "rustix", "serde", "serde_json"],
    guest: ["libc", "rustix", "serde", "serde_json"],
    relay: ["rustix"],
    bridge: ["libc", "rustix", "serde", "serde_json"],
    helper: ["rustix", "serde_json"],
    single: ["flate2", "rustix", "serde", "serde_json", "sha2"],
    warden: [],
    probe: ["libc"],
    surface: ["libc", "serde", "serde_json"],
  };

  it.each(Object.entries(external))("%s depends only on %j and our own", (crate, names) => {
    const section =
      /^\[dependencies\]\n((?:(?!\[).*\n?)*)/m.exec(readProjectFile(`warden/${crate}/Cargo.toml`))?.[1] ?? "";
    const found = [...section.matchAll(/^([\w-]+)/gm)].map(([, name = ""]) => name);
    // Optional, and in no program that is shipped: see below.
    const all = [...names, "schemars"];
    expect(found.filter((name) => !name.startsWith("bulkhead-") && !all.includes(name))).toEqual([]);
  });
});

describe("what is generated from the warden's types", () => {
  it("costs no shipped program a line: none is built with the generator's library", () => {
    const seen = new Set<string>();
    const visit = (crate: string): void => {
      if (seen.has(crate)) return;
      seen.add(crate);
      const { own, others, features } = dependenciesOf(crate);
      expect([crate, others]).toEqual([crate, others.filter((name) => name !== "schemars")]);
      expect(features.filter((line) => /\bschema\b/.test(line))).toEqual([]);
      for (const one of own) visit(one);
    };
    for (const program of ["warden", "unpack", "probe", "observe", "surface"]) visit(program);
    expect(seen.size).toBeGreaterThan(15);
    expect([...seen]).not.toContain("contract");
    // Cargo turns on a feature for all that it builds at once: set-up must not name the generator beside these.
    expect(readProjectFile("scripts/setup/rust.sh")).not.toMatch(/--workspace|bulkhead-contract|--features/);
  });
});

describe("raw system calls", () => {
  it.each([
    "setup",
    "confine",
    "order",
    "parcel",
    "protocol",
    "error",
    "keeper",
    "front",
    "alone",
    "broker",
    "calls",
    "filters",
    "plan",
    "channel",
    "helper",
    "single",
  ])("%s makes none: bulkhead-sys does", (crate) => {
    const raw = projectFiles(new RegExp(`^warden/${crate}/src/.*\\.rs$`)).filter((path) =>
      /\bunsafe\b/.test(readProjectFile(path).replace(/\/\/.*$/gm, "")),
    );
    expect(raw).toEqual([]);
  });
});

/** The folder below the library's `src`; empty for files directly in it, such as `index.ts`. */
function folderOf(path: string): string {
  if (!path.startsWith(source)) return "outside";
  const rest = path.slice(source.length);
  return rest.includes("/") ? rest.slice(0, rest.indexOf("/")) : "";
}
