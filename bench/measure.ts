import { countCpu } from "./cpu.js";
import { type Summary, summarize } from "./statistics.js";
import { type Absent, isAbsent, type Prepare, type Subject } from "./subject.js";

export interface Measured {
  readonly name: string;
  readonly summary: Summary;
  /** Processor time of all processes that one run costs, as a mean. */
  readonly cpuMs: number;
}

export interface Measurement {
  readonly measured: readonly Measured[];
  readonly absent: readonly Absent[];
}

/** Not counted: page cache, the broker's start, the compilation of hot code. */
const WARM_UP = 10;

/**
 * Runs the subjects in turn, round after round, so that a machine that becomes slower or faster affects all of them.
 * `onRound` gets the number of finished rounds.
 */
export async function measure(
  prepare: readonly Prepare[],
  runs: number,
  onRound: (round: number) => void,
  warmUp = WARM_UP,
): Promise<Measurement> {
  const prepared = await Promise.all(prepare.map((each) => each()));
  const absent = prepared.filter(isAbsent);
  const subjects = prepared.filter((each): each is Subject => !isAbsent(each));
  const times = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  const cpu = new Map<Subject, number>();
  try {
    for (let round = -Math.min(warmUp, runs); round < runs; round += 1) {
      for (const [subject, list] of times) {
        const cpuMs = countCpu();
        const began = performance.now();
        try {
          await subject.run();
        } catch (error) {
          // A subject that failed once is not measured: a mean over the runs that happened to work would say little.
          absent.push({ name: subject.name, absent: error instanceof Error ? error.message : String(error) });
          times.delete(subject);
          await subject[Symbol.asyncDispose]();
          continue;
        }
        const tookMs = performance.now() - began;
        if (round >= 0) {
          list.push(tookMs);
          cpu.set(subject, (cpu.get(subject) ?? 0) + cpuMs());
        }
        await subject.after?.();
      }
      onRound(Math.max(0, round + 1));
    }
  } finally {
    for (const subject of times.keys()) await subject[Symbol.asyncDispose]();
  }
  const measured = [...times].map(([subject, list]) => ({
    name: subject.name,
    summary: summarize(list),
    cpuMs: (cpu.get(subject) ?? 0) / list.length,
  }));
  return { measured, absent };
}
