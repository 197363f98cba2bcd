import { describe, expect, it } from "vitest";
import { filesystem } from "../security/attacks/filesystem.js";
import { identity } from "../security/attacks/identity.js";
import { kernel } from "../security/attacks/kernel.js";
import { mounts } from "../security/attacks/mounts.js";
import { network } from "../security/attacks/network.js";
import { processes } from "../security/attacks/process.js";
import { setid } from "../security/attacks/setid.js";
import { terminal } from "../security/attacks/terminal.js";
import { projectFiles, readProjectFile } from "./support/sources.js";

const files: ReadonlySet<string> = new Set(projectFiles(/\.(ts|rs)$/));

/** Tables of attacks, whose titles are partly made by code. */
const tables = { filesystem, identity, kernel, mounts, network, process: processes, setid, terminal };

interface Entry {
  readonly title: string;
  readonly text: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

const entries = readProjectFile("docs/cve-ledger.md")
  .split(/^### /m)
  .slice(1)
  .map((section): Entry => {
    const text = section.replace(/^## [\s\S]*/m, "");
    const tests = [...text.matchAll(/^- test: `([^`]+)` › (.+)$/gm)].map(([, file = "", name = ""]) => ({
      file,
      name,
    }));
    return { title: text.slice(0, text.indexOf("\n")), text, tests };
  });

describe("docs/cve-ledger.md", () => {
  it("has at least twenty escapes", () => {
    expect(entries.length).toBeGreaterThanOrEqual(20);
  });

  it.each(entries.map((entry) => [entry.title, entry] as const))("%s: tests that exist, or an argument", (_, entry) => {
    const argued = /^\*\*(?:Does not apply|Not stopped):\*\* \S/m.test(entry.text);
    expect(entry.tests.length > 0 || argued, "neither a test nor an argument").toBe(true);
    // A line that the pattern above passed over would be a claim that nobody checks.
    expect(entry.text.match(/^- test:/gm)?.length ?? 0).toBe(entry.tests.length);
    expect(entry.tests.filter(({ file, name }) => !exists(file, name))).toEqual([]);
  });
});

function exists(file: string, name: string): boolean {
  if (!files.has(file)) return false;
  const table = /^tests\/security\/attacks\/(\w+)\.ts$/.exec(file)?.[1];
  if (table !== undefined) {
    return Object.hasOwn(tables, table) && tables[table as keyof typeof tables].some(({ title }) => title === name);
  }
  const text = readProjectFile(file);
  if (file.endsWith(".rs")) return text.includes(`#[test]\nfn ${name}(`);
  if (/\/(corpus|[a-z]+-cases)\.ts$/.test(file)) return text.includes(`name: "${name}"`);
  // Some titles go on with the number of the rule that they are the test of.
  const declared = new RegExp(`\\b(?:it|test)(?:\\.\\w+\\([^)]*\\))?\\(\\s*"${escaped(name)}(?:"| \\[)`);
  return declared.test(text);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
