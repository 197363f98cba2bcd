import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Sandbox } from "../../sandbox/sandbox.js";
import { liveOf } from "../../sandbox/sandbox.js";
import { pause } from "../../session/timer.js";
import type { ReadySpec, Target } from "../model.js";
import { answersHttp, reach } from "./reach.js";

/** Between two attempts: short at first, because most programs are ready at once. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 500;
/** One attempt: a program inside may accept nothing, or never answer. */
const ATTEMPT_MS = 5_000;

/**
 * Resolves when a component is ready. `announced` resolves when its program says so, if it is to.
 * @throws BulkheadError COMPONENT_NOT_READY after its time, or ABORTED
 */
export async function untilReady(
  name: string,
  spec: ReadySpec,
  { sandbox, announced }: { readonly sandbox: Sandbox; readonly announced: Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  if (spec.kind === "started") return;
  if (spec.kind === "notify") {
    const isReady = await within(spec.timeoutMs, Promise.race([announced.then(() => true), aborted(signal)]));
    if (signal.aborted) throw new BulkheadError("ABORTED", { operation: "ready" });
    if (!isReady) throw new BulkheadError("COMPONENT_NOT_READY", { operation: name, detail: waitedFor(spec) });
    return;
  }
  const until = performance.now() + spec.timeoutMs;
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(ms * 1.5, LONGEST_PAUSE_MS)) {
    const left = until - performance.now();
    if (await attempt(spec, sandbox, Math.max(1, Math.min(ATTEMPT_MS, left)), signal)) return;
    if (signal.aborted) throw new BulkheadError("ABORTED", { operation: "ready" });
    if (performance.now() + ms > until) {
      throw new BulkheadError("COMPONENT_NOT_READY", { operation: name, detail: waitedFor(spec) });
    }
    await pause(ms, signal);
  }
}

async function attempt(
  spec: Exclude<ReadySpec, { kind: "started" | "notify" }>,
  sandbox: Sandbox,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    switch (spec.kind) {
      case "connect":
        return await within(ms, accepts(sandbox, spec.target));
      case "http":
        return await within(ms, answersHttp(liveOf(sandbox), spec.target, spec.path));
      case "command": {
        const { exitCode } = await sandbox.run(spec.argv, { timeoutMs: ms, signal });
        return exitCode === 0;
      }
    }
  } catch {
    // Not accepted, not answered, or the sandbox is gone, which its supervisor learns elsewhere.
    return false;
  }
}

async function accepts(sandbox: Sandbox, target: Target): Promise<boolean> {
  const connection = await reach(liveOf(sandbox), target);
  connection.on("error", () => undefined);
  connection.destroy();
  return true;
}

function waitedFor(spec: ReadySpec): string {
  const time = `within ${spec.timeoutMs} ms`;
  switch (spec.kind) {
    case "started":
      return time;
    case "connect":
      return `no connection to ${targetText(spec.target)} was accepted ${time}`;
    case "http":
      return `GET ${spec.path} on ${targetText(spec.target)} was not answered with a status from 200 to 399 ${time}`;
    case "notify":
      return `READY=1 did not arrive at NOTIFY_SOCKET ${time}`;
    case "command":
      return `${spec.argv[0] ?? ""} did not exit with 0 ${time}`;
  }
}

export function targetText(target: Target): string {
  return "port" in target ? `port ${target.port}` : target.socket;
}

function aborted(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false), { once: true }));
}

async function within(ms: number, work: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
