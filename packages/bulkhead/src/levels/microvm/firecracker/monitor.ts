import { realpathSync } from "node:fs";
import type { Monitor } from "../jail.js";
import { DESCRIPTION, type Machine } from "../machine.js";
import { type JailFile, librariesOf } from "../program-files.js";
import { API_SOCKET, describe } from "./description.js";

const MIB = 1024 * 1024;
/** Firecracker and the relay. */
const OVERHEAD_MIB = 32;
/** Devices of a snapshot, and sockets. */
const STATE_MIB = 8;
const PROGRAM = "/vm/firecracker";

const known = new Map<string, Promise<readonly JailFile[]>>();

/**
 * Firecracker as the monitor of a machine. Its own seccomp filters are on by default; no option here turns them off.
 */
export async function firecrackerMonitor(path: string, machine: Machine): Promise<Monitor> {
  const found = known.get(path) ?? filesOf(path);
  known.set(path, found);
  found.catch(() => known.delete(path));
  return {
    path: "warden",
    argv: [
      ...["warden", "relay", "firecracker", ...(machine.egress === true ? ["--egress"] : [])],
      ...[PROGRAM, "--api-sock", API_SOCKET, "--id", "machine", "--level", "Error"],
    ],
    env: {},
    files: await found,
    texts: [{ at: DESCRIPTION, content: describe(machine) }],
    devices: ["/dev/kvm"],
    seccomp: "firecracker",
    overheadMib: OVERHEAD_MIB,
    // It writes a snapshot there, in memory, before the snapshot leaves the jail.
    scratchBytes: (machine.memoryMib + STATE_MIB) * MIB,
  };
}

/** Published builds are static; a distribution's may need libraries, at the paths they have on the host. */
async function filesOf(path: string): Promise<readonly JailFile[]> {
  const program = realpathSync(path);
  return [{ source: program, at: PROGRAM }, ...(await librariesOf(program))];
}
