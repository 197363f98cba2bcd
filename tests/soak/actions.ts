import { randomBytes } from "node:crypto";
import { type Level, type Policy, type Pool, type RunResult, run, Sandbox } from "bulkhead";

/**
 * One use of the library that launches a sandbox, or takes one from a pool. Throws `Wrong` for a result that is never
 * right.
 */
export interface Action {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  readonly perform: (worker: Context) => Promise<void>;
}

/** What actions share. */
export interface Context {
  readonly level: Level;
  readonly pool: Pool;
  /** Nobody kills anything: each limit must be reported as what it was. */
  readonly quiet: boolean;
}

/** A result that neither a limit nor a killed process explains. */
export class Wrong extends Error {}

const SMALL: Policy["resources"] = { memory: "64MiB", pids: 32, disk: "1MiB", time: "60s", output: "256KiB" };

const policyOf = ({ level }: Context, resources: Policy["resources"] = {}): Policy => ({
  level,
  resources: { ...SMALL, ...resources },
});

export const ACTIONS: readonly Action[] = [
  { name: "run", weight: 10, perform: echo },
  { name: "pool", weight: 6, perform: fromPool },
  { name: "sandbox", weight: 5, perform: sandbox },
  { name: "memory", weight: 2, perform: memory },
  { name: "disk", weight: 2, perform: disk },
  { name: "pids", weight: 2, perform: processes },
  { name: "output", weight: 2, perform: output },
  { name: "time", weight: 1, perform: time },
  { name: "abort", weight: 2, perform: abort },
  { name: "egress", weight: 2, perform: egress },
  { name: "background", weight: 2, perform: background },
];

/** What a pool of a worker is made with. */
export function pooledPolicy(level: Level): Policy {
  return { level, resources: SMALL };
}

const newToken = () => randomBytes(8).toString("hex");

/** The output is the token, the start of it where the program was killed, and never another's. */
function assertToken(token: string, { stdout, exitCode }: Pick<RunResult, "stdout" | "exitCode">): void {
  const expected = `${token}\n`;
  if (exitCode === 0 ? stdout !== expected : !expected.startsWith(stdout))
    throw new Wrong(`said ${JSON.stringify(stdout)} with ${exitCode}, not ${token}`);
}

function assertVerdict(context: Context, result: RunResult, flag: "oomKilled" | "diskFull" | "pidsExceeded"): void {
  if (context.quiet && !result[flag])
    throw new Wrong(`no ${flag}: ${JSON.stringify({ ...result, enforcement: null })}`);
}

async function echo(context: Context): Promise<void> {
  const token = newToken();
  assertToken(token, await run(["sh", "-c", `echo ${token}`], policyOf(context)));
}

/** Leaves a file, which the next use must not find. */
async function fromPool({ pool }: Context): Promise<void> {
  const token = newToken();
  assertToken(token, await pool.run(["sh", "-c", `test ! -e /tmp/used && touch /tmp/used && echo ${token}`]));
}

async function sandbox(context: Context): Promise<void> {
  await using standing = await Sandbox.create(policyOf(context));
  const token = newToken();
  await standing.files.write("/work/token", `${token}\n`);
  assertToken(token, await standing.run(["cat", "/work/token"]));
  assertToken(token, await standing.run(["cat"], { input: `${token}\n` }));
}

async function memory(context: Context): Promise<void> {
  const grow = "x=0123456789abcdef; while :; do x=$x$x; done";
  assertVerdict(context, await run(["sh", "-c", grow], policyOf(context, { memory: "32MiB" })), "oomKilled");
}

async function disk(context: Context): Promise<void> {
  const fill = "dd if=/dev/zero of=/work/full bs=64k 2>/dev/null; sleep 0.3";
  assertVerdict(context, await run(["sh", "-c", fill], policyOf(context)), "diskFull");
}

async function processes(context: Context): Promise<void> {
  const fork = "i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done 2>/dev/null; wait";
  const result = await run(["sh", "-c", fork], policyOf(context));
  // The Sentry refuses by itself, and nothing outside counts it.
  if (context.level !== "gvisor") assertVerdict(context, result, "pidsExceeded");
}

async function output(context: Context): Promise<void> {
  const { outputTruncated } = await run(["yes"], policyOf(context));
  if (context.quiet && !outputTruncated) throw new Wrong("output without end was not cut off");
}

async function time(context: Context): Promise<void> {
  const { timedOut } = await run(["sleep", "60"], policyOf(context, { time: "300ms" }));
  if (context.quiet && !timedOut) throw new Wrong("a minute's sleep ended within 300 ms");
}

/** Given up at some moment of the launch or of the run. */
async function abort(context: Context): Promise<void> {
  const signal = AbortSignal.timeout(Math.ceil(Math.random() * 60));
  const code = await run(["sleep", "60"], policyOf(context), { signal }).then(
    () => "a result",
    (error: { code?: string }) => error.code,
  );
  if (context.quiet && code !== "ABORTED") throw new Wrong(`aborted, but ${code}`);
}

/** A sandbox with a gate, whose only rule names nobody. */
async function egress(context: Context): Promise<void> {
  const token = newToken();
  const network: Policy["network"] = { allow: ["allowed.invalid:443"] };
  assertToken(token, await run(["sh", "-c", `echo ${token}`], { ...policyOf(context), network }));
}

/** Closed while programs in it still run. */
async function background(context: Context): Promise<void> {
  await using standing = await Sandbox.create(policyOf(context));
  await standing.exec(["sh", "-c", "sleep 60 & sleep 60 & exec yes"]);
}
