/**
 * Where foreign code comes from, and under which licences. Advisories are not checked here: they need a network.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readProjectFile, root } from "./support/sources.js";

/** Licences that let Apache-2.0 code be linked with theirs and passed on, given their texts. */
const LICENCES = new Set([
  "Apache-2.0",
  "Apache-2.0 WITH LLVM-exception",
  "MIT",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Unicode-3.0",
  "Unlicense",
  "Zlib",
]);
const CRATES = "registry+https://github.com/rust-lang/crates.io-index";
/** Crates in more than one version, and why. */
const DOUBLE: Readonly<Record<string, string>> = {
  syn: "landlock's macros use 2, serde's and schemars' use 3; only the compiler runs it",
};
/** Packages of npm with an install script, and why; set-up runs no script. */
const SCRIPTS: Readonly<Record<string, string>> = {
  esbuild: "checks its binary, which npm installs as a package of its own",
};

/** Whether an SPDX expression without nested parentheses leaves a choice that {@link LICENCES} holds. */
function isAllowed(expression: string): boolean {
  // Some crates still write the older form of "or".
  const flat = expression.replaceAll("/", " OR ");
  const inner = flat.replace(/\(([^()]+)\)/g, (_, within: string) => (isAllowed(within) ? "MIT" : "none"));
  return inner.split(" OR ").some((choice) => choice.split(" AND ").every((part) => LICENCES.has(part.trim())));
}

interface Crate {
  readonly name: string;
  readonly version: string;
  readonly source?: string;
  readonly checksum?: string;
}

function locked(): readonly Crate[] {
  const field = (text: string, name: string) => new RegExp(`^${name} = "([^"]+)"$`, "m").exec(text)?.[1];
  return readProjectFile("warden/Cargo.lock")
    .split("[[package]]")
    .slice(1)
    .map((text) => {
      const [source, checksum] = [field(text, "source"), field(text, "checksum")];
      return {
        name: field(text, "name") ?? "",
        version: field(text, "version") ?? "",
        ...(source === undefined ? {} : { source }),
        ...(checksum === undefined ? {} : { checksum }),
      };
    });
}

describe("the crates of the warden", () => {
  const crates = locked();

  it("come from crates.io with a checksum, or are part of the project", () => {
    expect(crates.length).toBeGreaterThan(40);
    const foreign = crates.filter(({ name }) => !name.startsWith("bulkhead-"));
    expect(foreign.filter(({ source, checksum }) => source !== CRATES || checksum === undefined)).toEqual([]);
    expect(crates.filter(({ name, source }) => name.startsWith("bulkhead-") && source !== undefined)).toEqual([]);
  });

  it("are there in one version each, except where a reason is given", () => {
    const names = crates.map(({ name }) => name);
    const double = names.filter((name, at) => names.indexOf(name) !== at);
    expect(double.sort()).toEqual(Object.keys(DOUBLE).sort());
  });

  it("have licences that may be combined with the project's", () => {
    const args = ["metadata", "--format-version", "1", "--locked", "--offline"];
    const platform = ["--filter-platform", "x86_64-unknown-linux-musl"];
    const text = execFileSync("cargo", [...args, ...platform], {
      cwd: join(root, "warden"),
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    const { packages } = JSON.parse(text) as { packages: readonly { name: string; license: string | null }[] };
    expect(packages.length).toBeGreaterThan(40);
    const refused = packages.filter(({ license }) => license === null || !isAllowed(license));
    expect(refused.map(({ name, license }) => `${name}: ${license}`)).toEqual([]);
  });
});

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

describe("the packages of npm", () => {
  const { packages } = JSON.parse(readProjectFile("package-lock.json")) as { packages: Record<string, Locked> };
  const foreign = Object.entries(packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);

  it("are locked by SHA-512", () => {
    expect(foreign.length).toBeGreaterThan(100);
    expect(foreign.filter(([, { integrity = "" }]) => !/^sha512-/.test(integrity)).map(([path]) => path)).toEqual([]);
  });

  it("have no install script, except where a reason is given", () => {
    const scripts = foreign.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    expect(scripts.map((path) => path.slice(path.lastIndexOf("node_modules/") + 13))).toEqual(Object.keys(SCRIPTS));
  });
});

describe("the judge of licences", () => {
  it.each(["MIT", "MIT/Apache-2.0", "GPL-2.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"])(
    "allows %s",
    (each) => {
      expect(isAllowed(each)).toBe(true);
    },
  );

  it.each(["GPL-3.0-only", "MIT AND GPL-2.0-only", "(GPL-2.0-only OR AGPL-3.0-only) AND MIT", "", "mit"])(
    "refuses %j",
    (each) => {
      expect(isAllowed(each)).toBe(false);
    },
  );
});
