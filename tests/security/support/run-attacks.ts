import { BulkheadError, type Level, type Policy, Sandbox } from "bulkhead";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROBE, PROBE_PATH } from "../../support/programs.js";
import { Arena } from "./arena.js";
import type { Attack } from "./attack.js";
import { attempt } from "./probe.js";

const DEFAULT_OUTCOMES = ["refused", "absent"] as const;

/**
 * Declares one test for each attack: a sandbox of its own, the attempt inside, and then, whatever the attempt says of itself:
 * everything outside is as it was, and init still serves.
 */
export function runAttacks(level: Level, attacks: readonly Attack[]): void {
  let arena: Arena;
  let writableLack: string | undefined;

  beforeAll(async () => {
    arena = await Arena.create();
    writableLack = await lackForWritable(level, arena);
  });
  afterAll(async () => {
    await arena[Symbol.asyncDispose]();
  });

  for (const attack of attacks) {
    if (attack.levels !== undefined && !attack.levels.includes(level)) continue;
    const title = attack.rule === undefined ? attack.title : `${attack.title} [§4.8(${attack.rule})]`;
    test(title, async (context) => {
      if (attack.needs === "writable" && writableLack !== undefined) context.skip(writableLack);
      if (attack.needs === "root" && process.getuid?.() !== 0) context.skip("needs root to set the trap");
      const policy = policyFor(level, attack, arena, writableLack === undefined);
      await using sandbox = await Sandbox.create(policy);
      const argv = typeof attack.attempt === "function" ? attack.attempt(arena) : attack.attempt;
      const report = await attempt(sandbox, argv, attack);
      arena.assertIntact(attack.planted?.(arena));
      const allowed: readonly string[] = [
        ...(attack.outcome ?? DEFAULT_OUTCOMES),
        ...(attack.mayBeKilled === true ? ["killed"] : []),
      ];
      expect(allowed, JSON.stringify(report)).toContain(report.outcome);
      const after = await (await sandbox.exec(["/probe", "syscall", "control"], { buffer: true })).result;
      expect(after.exitCode, "init still serves").toBe(0);
    });
  }
}

function policyFor(level: Level, attack: Attack, arena: Arena, withWritable: boolean): Policy {
  const { files = [], ...rest } = attack.policy ?? {};
  return {
    level,
    ...rest,
    files: [
      { host: PROBE_PATH, at: PROBE },
      { host: arena.readOnly, at: "/ro" },
      { host: arena.setid, at: "/setid" },
      ...(withWritable ? [{ host: arena.writable, at: "/rw", mode: "rw" as const }] : []),
      ...files,
    ],
  };
}

/** Not every file system under TMPDIR can be mounted with other owners; then those attacks have nothing to aim at. */
async function lackForWritable(level: Level, arena: Arena): Promise<string | undefined> {
  try {
    await using sandbox = await Sandbox.create({ level, files: [{ host: arena.writable, at: "/rw", mode: "rw" }] });
    void sandbox;
    return undefined;
  } catch (error) {
    if (error instanceof BulkheadError && error.code === "MOUNT_IDMAP_UNSUPPORTED") return error.message;
    throw error;
  }
}
