import { isObject, type JsonObject } from "../../../channel/json.js";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Plan } from "../../../plan/schema.js";
import { DESCRIPTION, INITRAMFS, imageAt, KERNEL, type Machine } from "../machine.js";

/** Sockets that Firecracker listens on; the relay (`warden/relay`) expects them there. */
export const API_SOCKET = "/scratch/api";
const VSOCK = "/scratch/vsock";
/** The lowest possible guest CID. Each machine has its own vsock, so all may use the same. */
const GUEST_CID = 3;

/**
 * The machine in the format of Firecracker's configuration file: no network, no balloon, no metadata service, no
 * random-number device, and read-only disks. Pure.
 */
export function describe(machine: Machine): string {
  return JSON.stringify({
    "machine-config": { vcpu_count: machine.cpus, mem_size_mib: machine.memoryMib, smt: false },
    "boot-source": { kernel_image_path: KERNEL, initrd_path: INITRAMFS, boot_args: machine.commandLine },
    drives: machine.images.map((_, index) => ({
      drive_id: `image_${index}`,
      // Otherwise the kernel would mount it, which is the supervisor's task.
      is_root_device: false,
      is_read_only: true,
      path_on_host: imageAt(index),
      io_engine: "Sync",
    })),
    vsock: { guest_cid: GUEST_CID, uds_path: VSOCK },
  });
}

/**
 * The requests that create the machine of a plan, in order.
 * @throws BulkheadError SNAPSHOT_INVALID for a plan of another origin
 */
export function requestsFor({ mounts }: Plan): readonly (readonly [path: string, body: JsonObject])[] {
  const text = mounts.find(({ at }) => at === DESCRIPTION);
  const said: unknown = text?.kind === "file" ? JSON.parse(text.content) : undefined;
  if (!isObject(said) || !Array.isArray(said["drives"])) throw notOurs();
  const drives = said["drives"].map((drive: unknown) => {
    if (!isObject(drive)) throw notOurs();
    return [`/drives/${drive["drive_id"]}`, drive] as const;
  });
  const one = (name: string) => {
    const body = said[name];
    if (!isObject(body)) throw notOurs();
    return [`/${name}`, body] as const;
  };
  return [one("machine-config"), one("boot-source"), ...drives, one("vsock")];
}

function notOurs(): BulkheadError {
  return new BulkheadError("SNAPSHOT_INVALID", { operation: "read plan", path: DESCRIPTION });
}
