import { BulkheadError, type Level, type Policy, Sandbox } from "bulkhead";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROBE, PROBE_PATH } from "../../support/programs.js";
import { Arena } from "./arena.js";
import type { Attack } from "./attack.js";
import { attempt } from "./probe.js";

const DEFAULT_OUTCOMES = ["refused", "absent"] as const;

/**
 * A machine or a Sentry takes longer to make than all attempts in it: there, those with the same policy share one as
 * long as it lives.
 */
const SHARING: ReadonlySet<Level> = new Set(["gvisor", "microvm"]);

/**
 * Declares one test for each attack: a sandbox of its own (or one that is shared), the attempt inside, and then,
 * whatever the attempt says of itself: everything outside is as it was, and init still serves.
 */
export function runAttacks(level: Level, attacks: readonly Attack[]): void {
  let arena: Arena;
  let writableLack: string | undefined;
  const sandboxes = new Sandboxes(SHARING.has(level));

  beforeAll(async () => {
    arena = await Arena.create();
    writableLack = await lackForWritable(level, arena);
  });
  afterAll(async () => {
    await sandboxes[Symbol.asyncDispose]();
    await arena[Symbol.asyncDispose]();
  });

  for (const attack of attacks) {
    if (attack.levels !== undefined && !attack.levels.includes(level)) continue;
    const title = attack.requirement === undefined ? attack.title : `${attack.title} [${attack.requirement}]`;
    test(title, async (context) => {
      if (attack.needs === "writable" && writableLack !== undefined) context.skip(writableLack);
      if (attack.needs === "root" && process.getuid?.() !== 0) context.skip("needs root to set the trap");
      const policy = policyFor(level, attack, arena, writableLack === undefined);
      await using lease = await sandboxes.take(policy).catch((error: unknown) => {
        // The host's own root is no guest's.
        if (error instanceof BulkheadError && error.code === "MICROVM_UNSUPPORTED") context.skip(error.message);
        throw error;
      });
      const { sandbox } = lease;
      const argv = typeof attack.attempt === "function" ? attack.attempt(arena) : attack.attempt;
      const report = await attempt(sandbox, argv, attack);
      // Where it has a copy of the writable directory, what was left in that is to be judged on the host.
      if (level === "microvm") await sandbox.writeBack();
      arena.assertIntact(attack.planted?.(arena));
      const allowed: readonly string[] = [
        ...(attack.outcome ?? DEFAULT_OUTCOMES),
        ...(attack.mayBeKilled === true ? ["killed"] : []),
      ];
      expect(allowed, JSON.stringify(report)).toContain(report.outcome);
      const after = await (await sandbox.exec(["/probe", "syscall", "control"], { buffer: true })).result;
      expect(after.exitCode, "init still serves").toBe(0);
      lease.isGood = true;
    });
  }
}

/** Sandboxes for attempts; one at a time is lent. */
class Sandboxes implements AsyncDisposable {
  readonly #shared: boolean;
  #last: { readonly policy: string; readonly sandbox: Sandbox } | undefined;

  constructor(shared: boolean) {
    this.#shared = shared;
  }

  /** What is not called good when it is given back is not lent again. */
  async take(policy: Policy): Promise<AsyncDisposable & { readonly sandbox: Sandbox; isGood: boolean }> {
    const name = JSON.stringify(policy);
    if (this.#last?.policy !== name) await this[Symbol.asyncDispose]();
    const sandbox = this.#last?.sandbox ?? (await Sandbox.create(policy));
    this.#last = { policy: name, sandbox };
    const giveBack = async () => {
      if (!this.#shared || !lease.isGood) await this[Symbol.asyncDispose]();
    };
    const lease = { sandbox, isGood: false, [Symbol.asyncDispose]: giveBack };
    return lease;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    await last?.sandbox.kill();
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

const LACKS: ReadonlySet<string> = new Set(["MOUNT_IDMAP_UNSUPPORTED", "MICROVM_UNSUPPORTED"]);

/**
 * Not every file system under TMPDIR can be mounted with other owners, and a guest has none of the host's; then those
 * attacks have nothing to aim at.
 */
async function lackForWritable(level: Level, arena: Arena): Promise<string | undefined> {
  try {
    await using sandbox = await Sandbox.create({ level, files: [{ host: arena.writable, at: "/rw", mode: "rw" }] });
    void sandbox;
    return undefined;
  } catch (error) {
    if (error instanceof BulkheadError && LACKS.has(error.code)) return error.message;
    throw error;
  }
}
