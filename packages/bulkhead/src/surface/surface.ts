import { requireArguments } from "../arguments/require.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";
import { policyArgument, prepareOptions } from "../sandbox/options.js";
import type { PrepareOptions } from "../sandbox/prepare.js";
import { Sandbox } from "../sandbox/sandbox.js";
import { filtersOf } from "./outside.js";
import { PROBE, ProbeDirectory } from "./probe.js";
import { type HostReach, reachOf } from "./reach.js";
import { parseInside, type Inside as Report } from "./report.js";

export type { HostReach } from "./reach.js";
export type { Filtered, Inside } from "./report.js";

/** What can be reached at one level, under one policy. */
export interface Surface {
  readonly level: Level;
  /** Tried from inside, by a program that is as hostile as any: what it says is a measurement and no evidence. */
  readonly inside: Report;
  /** Read from outside. Null: only root can. */
  readonly host: HostReach | null;
}

/** Inside. */
const MOUNT = "/.bulkhead-surface";
/** An emulated machine takes a while for some thousand processes. */
const TIME = "5m";

/**
 * Measures what a workload under `policy` can reach: every system call is tried with arguments that cannot do harm, devices and kernel interfaces
 * are opened and closed, and the filters in force are read from outside.
 * @throws BulkheadError SURFACE_FAILED, SETUP_MISSING, and what creating a sandbox throws
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

/** While a program runs: what Sentry and stubs of a workload may do is part of the picture. */
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
