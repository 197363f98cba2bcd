import { setTimeout } from "node:timers/promises";
import { type Level, Pool } from "bulkhead";
import type { Absent, Subject } from "../subject.js";

/** Longer than creating one takes at any level except one that boots. */
const FILL_MS = 5_000;

/** A run in a ready sandbox; the next one is created before the next run, and not measured. */
export async function pooled(level: Level): Promise<Subject | Absent> {
  const name = `pool ${level}`;
  let pool: Pool;
  try {
    pool = await Pool.create({ level }, { min: 1, max: 1 });
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
  return {
    name,
    run: async () => {
      const { exitCode, stderr } = await pool.run(["/bin/true"]);
      if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}: ${stderr}`);
    },
    after: async () => {
      for (let waited = 0; pool.stats().ready === 0 && waited < FILL_MS; waited += 1) await setTimeout(1);
    },
    [Symbol.asyncDispose]: async () => await pool.close(),
  };
}
