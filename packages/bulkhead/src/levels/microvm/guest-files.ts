import { BulkheadError } from "../../errors/bulkhead-error.js";
import { guestCommandLine } from "../../guest/command-line.js";
import { initramfsFor } from "../../guest/initramfs.js";
import { defaultKernel } from "../../guest/kernel/store.js";
import { wardenPath } from "../../host/locate.js";
import { tscKhz } from "./tsc.js";

/** Files that a guest boots from. */
export interface GuestFiles {
  readonly kernel: string;
  readonly initramfs: string;
  /** Identifies these files; snapshots are tied to it. */
  readonly digest: string;
  /** The distribution's kernel finds its devices through ACPI, and does not read them from its command line. */
  readonly acpi: boolean;
}

/** The default kernel, with the initramfs for it and this warden. @throws BulkheadError KERNEL_UNAVAILABLE */
export async function guestFiles(): Promise<GuestFiles> {
  const kernel = await defaultKernel();
  if (kernel === undefined) throw new BulkheadError("KERNEL_UNAVAILABLE", { operation: "find kernel" });
  const initramfs = await initramfsFor(kernel, wardenPath());
  const digest = `${kernel.digest}-${initramfs.digest}`;
  return { kernel: kernel.path, initramfs: initramfs.path, digest, acpi: kernel.acpi };
}

/** A guest's kernel command line. @throws BulkheadError VMM_UNAVAILABLE */
export async function commandLineFor(ports: "serial" | "vsock", emulated: boolean): Promise<string> {
  return guestCommandLine({ ports, ...(emulated ? { emulatedTscKhz: await tscKhz() } : {}) });
}
