import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { type Ended, inChild } from "./support/in-child.js";
import { scenarios } from "./support/scenarios.js";

interface Told {
  readonly name: string;
  readonly code: string | null;
  readonly detail?: string;
  readonly cause?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly left: number;
}

const CHILD = fileURLToPath(new URL("support/child.ts", import.meta.url));

await forEachLevel((level) => {
  const names = Object.keys(scenarios);
  let ended: Ended = { stdout: "", exitCode: null, stderr: "" };
  let told: readonly Told[] = [];
  beforeAll(async () => {
    ended = await inChild(CHILD, [level, ...names]);
    told = ended.stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Told] : []));
  }, 180_000);

  it("lets the process end by itself, and without a word", () => {
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(told.map(({ name }) => name)).toEqual(names);
  });

  describe.each(Object.entries(scenarios))("%s", (name, { code, names: argument, cause, result }) => {
    it("produces a warning, and nothing keeps running", () => {
      const one = told.find((each) => each.name === name);
      expect(one).toMatchObject({ code, left: 0, ...(result === undefined ? {} : { result }) });
      if (argument !== undefined) expect(one?.detail).toContain(argument);
      if (cause !== undefined) expect(one?.cause).toBe(cause);
    });
  });
});
