import { check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { bytes, hostPath, list, object, whole } from "../arguments/values.js";
import { wardenPath } from "../host/locate.js";

/** Default socket of a system broker. */
export const SYSTEM_SOCKET = "/run/bulkhead/broker.sock";

/** Settings of a system broker. */
export interface SystemBrokerOptions {
  /** Path of the socket. Default: {@link SYSTEM_SOCKET}. */
  readonly socket?: string;
  /** Uids that may use it, besides the broker's own. */
  readonly allowUids?: readonly number[];
  /** Gids of groups whose members may use it. */
  readonly allowGids?: readonly number[];
  /** Maximum memory that one sandbox may ask for. */
  readonly maxMemoryBytes?: number;
  readonly maxPids?: number;
  readonly maxCpus?: number;
  /** Maximum live sandboxes of each caller. */
  readonly maxSandboxes?: number;
}

const systemBrokerOptions = object<SystemBrokerOptions>({
  socket: hostPath,
  allowUids: list(whole(0, 2 ** 32 - 2)),
  allowGids: list(whole(0, 2 ** 32 - 2)),
  maxMemoryBytes: bytes,
  maxPids: whole(1),
  maxCpus: check<number>(
    (value) => typeof value === "number" && value > 0 && Number.isFinite(value),
    "a number above 0",
  ),
  maxSandboxes: whole(1),
});

/**
 * Returns the command that runs a system broker in the foreground, for a service manager or `child_process.spawn`.
 * @throws BulkheadError SETUP_MISSING
 */
export function systemBrokerCommand(options: SystemBrokerOptions = {}): {
  readonly file: string;
  readonly args: string[];
} {
  requireArguments("systemBrokerCommand", ["options", systemBrokerOptions, options]);
  const { maxMemoryBytes, maxPids, maxCpus, maxSandboxes } = options;
  const maxima = { memory: maxMemoryBytes, pids: maxPids, cpus: maxCpus, sandboxes: maxSandboxes };
  const args = ["broker", "--socket", options.socket ?? SYSTEM_SOCKET];
  for (const uid of options.allowUids ?? []) args.push("--allow-uid", String(uid));
  for (const gid of options.allowGids ?? []) args.push("--allow-gid", String(gid));
  for (const [name, value] of Object.entries(maxima)) {
    if (value !== undefined) args.push(`--max-${name}`, String(value));
  }
  return { file: wardenPath(), args };
}
