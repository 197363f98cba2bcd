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

/** Firecracker as the monitor of a machine. Its own filters are on, as it comes; nothing here could switch them off. */
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
    // A snapshot is written there, in memory, before it leaves the jail.
    scratchBytes: (machine.memoryMib + STATE_MIB) * MIB,
  };
}

/** Published builds are static; one of the distribution's may want libraries, which lie where they do on the host. */
async function filesOf(path: string): Promise<readonly JailFile[]> {
  const program = realpathSync(path);
  return [{ source: program, at: PROGRAM }, ...(await librariesOf(program))];
}
