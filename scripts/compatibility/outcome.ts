import { BulkheadError, type Level, type Policy, type RunResult, run } from "bulkhead";
import type { Program } from "./program.js";

/** How a program did at one level. */
export type Outcome =
  | { readonly works: true; readonly seconds: number }
  | { readonly works: false; readonly seen: string };

/** A guest under emulation is this much slower; the time limit is not what is tried here. */
const EMULATED_TIME = 6;

/** Empty and writable; these images name none. */
const WORKDIR = "/work";

/** The policy that a program runs under. */
export function policyFor({ resources = {} }: Program, image: string, level: Level): Policy {
  const { time } = resources;
  const slow = level === "microvm" ? EMULATED_TIME : 2;
  return { image, level, workdir: WORKDIR, resources: { ...resources, time: `${seconds(time ?? "60s") * slow}s` } };
}

/** Runs `program` once. */
export async function tryProgram(program: Program, image: string, level: Level): Promise<Outcome> {
  try {
    const result = await run(["/bin/sh", "-c", program.script], policyFor(program, image, level));
    if (result.exitCode === 0 && lastLine(result.stdout) === program.prints) {
      return { works: true, seconds: result.durationMs / 1000 };
    }
    return { works: false, seen: described(result) };
  } catch (error) {
    if (error instanceof BulkheadError) return { works: false, seen: `${error.code}: ${error.message}` };
    throw error;
  }
}

/** Whether that is not what the list says of the program. */
export function isSurprise({ fails = {} }: Program, level: Level, { works }: Outcome): boolean {
  return works !== (fails[level] === undefined);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

function described({ exitCode, signal, stdout, stderr, ...result }: RunResult): string {
  const causes = (["timedOut", "oomKilled", "pidsExceeded", "diskFull"] as const).filter((cause) => result[cause]);
  const end = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
  return [end, ...causes, lastLine(stderr) || lastLine(stdout)].join(", ").slice(0, 300);
}

function seconds(time: string | number): number {
  if (typeof time === "number") return time / 1000;
  const [, number = "", unit] = /^(\d+)([sm])$/.exec(time) ?? [];
  return Number(number) * (unit === "m" ? 60 : 1);
}
