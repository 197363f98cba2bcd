import { type Level, Sandbox } from "bulkhead";
import { filesystem } from "../../security/attacks/filesystem.js";
import { identity } from "../../security/attacks/identity.js";
import { kernel } from "../../security/attacks/kernel.js";
import { mounts } from "../../security/attacks/mounts.js";
import { network } from "../../security/attacks/network.js";
import { processes } from "../../security/attacks/process.js";
import { Arena } from "../../security/support/arena.js";
import type { Attack } from "../../security/support/attack.js";
import { attempt } from "../../security/support/probe.js";
import { PROBE, PROBE_PATH } from "../../support/programs.js";
import type { Case } from "./list.js";

const tables = { filesystem, identity, kernel, mounts, network, processes } as const;

/**
 * The security suite's own tables, as far as they need no policy of their own: all of them in one sandbox, because a
 * sandbox for each attack is what takes the time. What they aim at is looked at after each table, not after each
 * attack. What only the seccomp filter decides is left to level container: every level has the same filter.
 */
export function attacks(level: Level): readonly Case[] {
  const setting = once(() => Setting.create(level));
  const cases = Object.entries(tables).flatMap(([name, table]) => {
    const plain = table.filter(
      (attack) =>
        isPlain(attack) &&
        (attack.levels?.includes(level) ?? true) &&
        (level === "container" || !isDecidedByFilter(attack)),
    );
    return [
      ...plain.map((attack) => ({
        name: `${level}: ${attack.title}`,
        check: async () => await (await setting()).make(attack),
      })),
      { name: `${level}: everything outside survived (${name})`, check: async () => (await setting()).assertIntact() },
    ];
  });
  return [...cases, { name: `${level}: init outlived the attacks`, check: async () => await (await setting()).end() }];
}

function isPlain({ policy, program, tty, needs, planted }: Attack): boolean {
  return [policy, program, tty, needs, planted].every((special) => special === undefined);
}

function isDecidedByFilter({ attempt: argv }: Attack): boolean {
  return typeof argv !== "function" && (argv[0] === "syscall" || argv[0] === "socket");
}

/** One sandbox, and what its attacks aim at. */
class Setting {
  private constructor(
    private readonly arena: Arena,
    private readonly sandbox: Sandbox,
  ) {}

  static async create(level: Level): Promise<Setting> {
    const arena = await Arena.create();
    const files = [
      { host: PROBE_PATH, at: PROBE },
      { host: arena.readOnly, at: "/ro" },
      { host: arena.setid, at: "/setid" },
    ];
    try {
      return new Setting(arena, await Sandbox.create({ level, files }));
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
  }

  async make(attack: Attack): Promise<void> {
    const argv = typeof attack.attempt === "function" ? attack.attempt(this.arena) : attack.attempt;
    const report = await attempt(this.sandbox, argv);
    const allowed: readonly string[] = attack.outcome ?? ["refused", "absent"];
    if (allowed.includes(report.outcome) || (report.outcome === "killed" && attack.mayBeKilled === true)) return;
    throw new Error(JSON.stringify(report));
  }

  assertIntact(): Promise<void> {
    this.arena.assertIntact();
    return Promise.resolve();
  }

  async end(): Promise<void> {
    const { exitCode } = await this.sandbox.run(["true"]);
    await this.sandbox.kill();
    await this.arena[Symbol.asyncDispose]();
    if (exitCode !== 0) throw new Error(`true ended with ${exitCode}`);
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
