import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS, record } from "../../scripts/docs/terminal.js";

const svg = readFileSync(new URL("../../docs/terminal.svg", import.meta.url), "utf8");

/** The texts of one class, without the colours in them. */
function texts(kind: string): readonly string[] {
  return [...svg.matchAll(new RegExp(`<text class="${kind}"[^>]*>(.*)</text>`, "g"))].map(([, inner = ""]) =>
    inner.replace(/<[^>]*>/g, "").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  );
}

/** What no host changes of a line: its first word, and the code of an error. */
const constant = (line: string) => line.match(/^\s*\S*(?: [A-Z_]{4,})?/)?.[0];

test("the README's terminal shows what its commands print", () => {
  expect(texts("command")).toEqual(COMMANDS.map((command) => `$ ${command}`));
  expect(texts("printed").map(constant)).toEqual(COMMANDS.flatMap(record).map(constant));
});
