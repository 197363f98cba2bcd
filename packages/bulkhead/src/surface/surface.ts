import { requireArguments } from "../arguments/require.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { policyArgument, prepareOptions } from "../sandbox/options.js";
import type { PrepareOptions } from "../sandbox/prepare/options.js";
import { Sandbox } from "../sandbox/sandbox.js";
import { filtersOf } from "./outside.js";
import { PROBE, ProbeDirectory } from "./probe.js";
import { type HostReach, reachOf } from "./reach.js";
import { parseInside, type Inside as Report } from "./report.js";

export type { HostReach } from "./reach.js";
export type { Filtered, Inside } from "./report.js";

/** The attack surface at one level, under one policy. */
export interface Surface {
  readonly level: Level;
  /** Tried from inside, by a program that could be hostile: a measurement, not evidence. */
  readonly inside: Report;
  /** Read from outside. Null: only root can. */
  readonly host: HostReach | null;
}

/** Path inside. */
const MOUNT = "/.bulkhead-surface";
/** An emulated machine needs a while for some thousand processes. */
const TIME = "5m";

/**
 * Measures what a workload under `policy` can reach: tries every system call with arguments that cannot do harm, opens
 * and closes devices and kernel interfaces, and reads the filters in force from outside.
 * @throws BulkheadError SURFACE_FAILED, SETUP_MISSING, and as creating a sandbox does
 */
export async function measureSurface(policy: Policy = {}, options: PrepareOptions = {}): Promise<Surface> {
  requireArguments("measureSurface", ["policy", policyArgument, policy], ["options", prepareOptions, options]);
  using probe = new ProbeDirectory();
  await using sandbox = await Sandbox.create(
    {
      ...policy,
      resources: { ...policy.resources, time: TIME },
      files: [...(policy.files ?? []), { host: probe.path, at: MOUNT }],
    },
    options,
  );
  const { stdout, stderr, exitCode } = await sandbox.run([`${MOUNT}/${PROBE}`, "inside"], { cwd: "/", env: {} });
  if (exitCode !== 0) {
    throw new BulkheadError("SURFACE_FAILED", { operation: "probe", detail: stderr.slice(0, 300) });
  }
  return { level: sandbox.level, inside: parseInside(stdout), host: await fromOutside(sandbox) };
}

/** While a program runs, so that the calls of the Sentry and of its stubs are included. */
async function fromOutside(sandbox: Sandbox): Promise<HostReach | null> {
  const waiting = await sandbox.exec([`${MOUNT}/${PROBE}`, "wait"], { cwd: "/", env: {}, stdin: "pipe" });
  try {
    const { init, processes } = await sandbox.evidence();
    const all = [init, ...(processes ?? [])].map(({ pid }) => pid);
    const found = await filtersOf([...new Set(all)]);
    return found === null ? null : reachOf(sandbox.level, found, init.namespaces);
  } finally {
    waiting.kill("SIGKILL");
  }
}
