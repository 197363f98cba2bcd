import { describe, expect, it } from "vitest";
import { codeLines, crateFiles, cycleIn, dependenciesOf, usesWithin } from "./support/rust.js";
import { readProjectFile } from "./support/sources.js";

/**
 * The code that runs with privilege on the host, by role: its crates, and their maximum lines of code. Lower a number
 * by moving code that needs no privilege out, never by denser lines. `docs/privilege.md` has the reading order.
 */
const roles: Readonly<Record<string, { readonly parts: readonly string[]; readonly lines: number }>> = {
  /** From the fork to the exec of one launch, with the crates that it uses. */
  setup: { parts: ["setup", "confine", "order", "parcel", "sys", "error"], lines: 4050 },
  /** Drops all privileges at once, and executes a part of the library. */
  helper: { parts: ["helper"], lines: 310 },
  /** Uid ranges, control groups, evidence, authorization, and the start-up before the first connection. */
  keeper: {
    parts: ["keeper", "protocol", "broker/src/lib", "broker/src/listen", "broker/src/options", "broker/src/startup"],
    lines: 3400,
  },
};

/** Runs as its caller, or in a virtual machine. */
const unprivileged = ["alone", "broker/src/client", "front", "plan", "filters"];

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
    // A number far above the real one limits nothing: lower it when code moves out.
    expect(total, JSON.stringify(found)).toBeGreaterThan(lines - 40);
  });

  it("is all in the table", () => {
    const known = new Set([...Object.values(roles).flatMap(({ parts }) => parts), ...unprivileged].flatMap(filesOf));
    expect(crateFiles("broker").filter((file) => !known.has(file))).toEqual([]);
  });

  it.each(["setup", "keeper"])(
    "of %s, is built from rustix, libc, landlock and its own crates, without JSON",
    (role) => {
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
      visit(role);
      const parts = ["setup", role].flatMap((one) => roles[one]?.parts ?? []).filter((part) => !part.includes("/"));
      expect([...seen].sort()).toEqual([...new Set(parts)].sort());
      expect([...others].filter((name) => !["rustix", "libc", "landlock"].includes(name))).toEqual([]);
    },
  );
});

describe("the modules", () => {
  it.each([...(roles["setup"]?.parts ?? []), "keeper", "protocol", "front", "alone", "broker"])(
    "of %s, use each other in one direction",
    (crate) => {
      const uses = usesWithin(crate);
      expect(cycleIn(uses)).toEqual([]);
      // Proves that the parser works: another file uses each file except the root.
      const used = new Set([...uses.values()].flatMap((files) => [...files]));
      expect([...uses.keys()].filter((file) => !used.has(file))).toEqual([`warden/${crate}/src/lib.rs`]);
    },
  );

  it("would be found in a circle", () => {
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
  /** Paths in its code spans: a path from the root, then names beside it. A folder stands for all its files. */
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

  it.each(["setup", "helper", "keeper"])("leads past each file of %s", (role) => {
    const files = (roles[role]?.parts ?? []).flatMap(filesOf);
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
