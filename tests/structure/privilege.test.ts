import { describe, expect, it } from "vitest";
import { codeLines, crateFiles, cycleIn, dependenciesOf, usesWithin } from "./support/rust.js";
import { readProjectFile } from "./support/sources.js";

/**
 * What runs with privilege on the host, by role: which crates, and how many lines of code they may have at most. Numbers go down, by moving
 * out what needs no privilege, and never by denser lines. `docs/privilege.md` says in which order to read them.
 */
const roles: Readonly<Record<string, { readonly parts: readonly string[]; readonly lines: number }>> = {
  /** From the fork to the exec of one launch, and what it stands on. */
  setup: { parts: ["setup", "confine", "order", "sys", "error"], lines: 3690 },
  /** Gives up everything at once, and executes a part of the library. */
  helper: { parts: ["helper"], lines: 310 },
  /** Uid ranges, control groups, evidence, who may have what. */
  keeper: {
    parts: [
      "broker/src/authorize",
      "broker/src/cgroup/",
      "broker/src/evidence",
      "broker/src/facts",
      "broker/src/fill",
      "broker/src/idmap",
      "broker/src/launch",
      "broker/src/lib",
      "broker/src/nursery",
      "broker/src/orders",
      "broker/src/processors",
      "broker/src/read",
      "broker/src/sandbox",
      "broker/src/self_image",
      "broker/src/uid_range",
    ],
    lines: 1900,
  },
  /** Needs no privilege, and still runs with the broker's: to become a process for each caller that runs as the caller. */
  front: {
    parts: [
      "broker/src/accounts",
      "broker/src/attach",
      "broker/src/caller",
      "broker/src/compile",
      "broker/src/listen",
      "broker/src/log",
      "broker/src/message",
      "broker/src/options",
      "broker/src/server/",
      "broker/src/session",
      "broker/src/startup",
      "broker/src/wire",
      "plan",
      "filters",
    ],
    lines: 3240,
  },
};

/** Runs as whoever calls it, or in a virtual machine. */
const unprivileged = ["broker/src/alone", "broker/src/client"];

/** A crate, a folder, or a file without its ending. */
const filesOf = (part: string) =>
  part.includes("/")
    ? crateFiles(part.slice(0, part.indexOf("/"))).filter(
        (file) => file === `warden/${part}.rs` || (part.endsWith("/") && file.startsWith(`warden/${part}`)),
      )
    : crateFiles(part);

const linesOf = (part: string) => filesOf(part).reduce((sum, file) => sum + codeLines(readProjectFile(file)).length, 0);

describe("code that runs with privilege", () => {
  it.each(Object.entries(roles))("%s stays within its lines", (_role, { parts, lines }) => {
    const found = Object.fromEntries(parts.map((part) => [part, linesOf(part)]));
    const total = Object.values(found).reduce((sum, count) => sum + count, 0);
    expect(total, JSON.stringify(found)).toBeLessThanOrEqual(lines);
    // Else the number says nothing: lower it with what was moved out.
    expect(total, JSON.stringify(found)).toBeGreaterThan(lines - 40);
  });

  it("is all in the table", () => {
    const known = new Set([...Object.values(roles).flatMap(({ parts }) => parts), ...unprivileged].flatMap(filesOf));
    expect(crateFiles("broker").filter((file) => !known.has(file))).toEqual([]);
  });

  it("of setup, is built from rustix, libc, landlock and its own crates, without JSON", () => {
    const seen = new Set<string>();
    const others = new Set<string>();
    const visit = (crate: string): void => {
      if (seen.has(crate)) return;
      seen.add(crate);
      const { own, others: external, features } = dependenciesOf(crate);
      expect(features, crate).toEqual([]);
      for (const name of external) others.add(name);
      for (const one of own) visit(one);
    };
    visit("setup");
    expect([...seen].sort()).toEqual([...(roles["setup"]?.parts ?? [])].sort());
    expect([...others].filter((name) => !["rustix", "libc", "landlock"].includes(name))).toEqual([]);
  });
});

describe("the modules of setup", () => {
  it.each(roles["setup"]?.parts ?? [])("of %s, use each other in one direction", (crate) => {
    const uses = usesWithin(crate);
    expect(cycleIn(uses)).toEqual([]);
    // Else nothing was understood: each file but the root is used by another.
    const used = new Set([...uses.values()].flatMap((files) => [...files]));
    expect([...uses.keys()].filter((file) => !used.has(file))).toEqual([`warden/${crate}/src/lib.rs`]);
  });

  it("would be found in a circle", () => {
    // The broker's still are.
    expect(cycleIn(usesWithin("broker")).length).toBeGreaterThan(2);
    const circle = { a: ["b"], b: ["c", "d"], c: [], d: ["a"] };
    expect(cycleIn(new Map(Object.entries(circle).map(([file, uses]) => [file, new Set(uses)])))).toEqual([
      "a",
      "b",
      "d",
      "a",
    ]);
  });
});

describe("docs/privilege.md", () => {
  /** What it names in code spans: a path from the root, then names beside it. Of a folder, all that is in it. */
  const named = (() => {
    let folder = "";
    return [...readProjectFile("docs/privilege.md").matchAll(/`([\w/.]+(?:\.rs|\/)|warden\/\w+)`/g)].flatMap(
      ([, name = ""]) => {
        const full = name.startsWith("warden/") ? name : `${folder}${name}`;
        if (name.startsWith("warden/")) folder = name.slice(0, name.lastIndexOf("/") + 1);
        const crate = full.split("/")[1] ?? "";
        return crateFiles(crate).filter((file) => file === full || file.startsWith(full.replace(/\/?$/, "/")));
      },
    );
  })();

  it.each(["setup", "helper", "keeper", "front"])("leads past each file of %s", (role) => {
    const files = (roles[role]?.parts ?? []).flatMap(filesOf).filter((file) => file !== "warden/broker/src/lib.rs");
    expect(files.filter((file) => !named.includes(file))).toEqual([]);
  });
});

describe("counting lines", () => {
  it("leaves out comments, blank lines and tests", () => {
    const text =
      "//! A.\n\nuse x;\n/// B.\nfn a() {\n    // C.\n    b();\n}\n\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
    expect(codeLines(`${text}fn d() {}\n`)).toEqual(["use x;", "fn a() {", "    b();", "}", "fn d() {}"]);
    expect(codeLines("#[cfg(test)]\nmod tests;\nmod a;\n")).toEqual(["mod a;"]);
  });
});
