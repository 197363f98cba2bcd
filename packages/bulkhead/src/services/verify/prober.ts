import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { probePath } from "../../host/locate.js";
import { liveOf, type Sandbox } from "../../sandbox/sandbox.js";
import { oneLine, said } from "../../verify/report.js";
import { reach } from "../running/reach.js";

/** Directories in which programs can usually be created and executed. */
const PLACES = ["/tmp", "/work", "/dev/shm"] as const;
/** A resolver that nothing answers gives up within this time. */
const ATTEMPT_MS = 15_000;

/** The outcome of one attempt, as the component's inside reports it. */
export interface Outcome {
  /** Null: it could not be made. */
  readonly connected: boolean | null;
  readonly detail: string;
}

/** Makes attempts inside one component, as its own user. */
export interface Prober extends AsyncDisposable {
  readonly kind: "probe" | "init";
  tcp(host: string, port: number): Promise<Outcome>;
  unix(path: string): Promise<Outcome>;
}

/**
 * The probe, where the sandbox has a place that a program can be written to and executed from; else init's own
 * connections, which every sandbox has. What either says may be false, because the component's program could interfere
 * with it: what a {@link Canary} sees decides.
 * @throws BulkheadError SETUP_MISSING if the probe has not been built
 */
export async function proberFor(sandbox: Sandbox): Promise<Prober> {
  const program = await readFile(probePath()).catch((cause: unknown) => {
    throw new BulkheadError("SETUP_MISSING", { operation: "open", path: probePath(), cause });
  });
  for (const directory of PLACES) {
    const path = `${directory}/.verify-${randomBytes(6).toString("hex")}`;
    try {
      await sandbox.files.write(path, program, { mode: 0o755, exclusive: true });
      if ((await tried(sandbox, [path, "syscall", "control"])).connected === true) return probe(sandbox, path);
    } catch {
      // No such directory, read-only, full, noexec: the next place, or init.
    }
    await sandbox.files.remove(path).catch(() => undefined);
  }
  return init(sandbox);
}

function probe(sandbox: Sandbox, path: string): Prober {
  return {
    kind: "probe",
    tcp: async (host, port) => await attempt(async () => await tried(sandbox, [path, "tcp", host, String(port)])),
    unix: async (at) => await attempt(async () => await tried(sandbox, [path, "unix", at])),
    [Symbol.asyncDispose]: async () => await sandbox.files.remove(path).catch(() => undefined),
  };
}

function init(sandbox: Sandbox): Prober {
  const connect = async (target: Parameters<typeof reach>[1]): Promise<Outcome> =>
    await attempt(async () => {
      try {
        const connection = await reach(liveOf(sandbox), target);
        connection.destroy();
        return { connected: true, detail: "connected" };
      } catch (error) {
        if (!(error instanceof BulkheadError) || error.code !== "CONNECT_FAILED") throw error;
        return { connected: false, detail: oneLine(`errno ${error.errno ?? "unknown"}`) };
      }
    });
  const noProgram = { connected: null, detail: "no program can be written and executed there" } as const;
  return {
    kind: "init",
    tcp: async (host, port) => (host === "127.0.0.1" ? await connect({ port }) : noProgram),
    unix: async (path) => await connect({ socket: path }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function tried(sandbox: Sandbox, argv: readonly string[]): Promise<Outcome> {
  const result = await sandbox.run(argv, { env: {}, cwd: "/", timeoutMs: ATTEMPT_MS });
  const { outcome, detail } = said(result);
  if (outcome === "silent" || outcome === "usage") return { connected: null, detail: oneLine(`no report: ${detail}`) };
  return { connected: outcome === "succeeded", detail: oneLine(`${outcome} ${detail}`) };
}

/** An attempt that could not be made proves nothing, and ends nothing. */
async function attempt(make: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await make();
  } catch (error) {
    return { connected: null, detail: oneLine(error instanceof Error ? error.message : String(error)) };
  }
}
