import { constants } from "node:fs";
import { access } from "node:fs/promises";

/** Findings about KVM without starting a machine. */
export interface KvmFinding {
  readonly device: "missing" | "denied" | "opens";
  /** The host's KVM is the PVM variant, in whose machines ordinary kernels hang. */
  readonly pvm: boolean;
  /** Null: only booting a machine can tell, and that has not been tried yet. */
  readonly works: boolean | null;
  readonly remedy: string | null;
}

/** A KVM that exists may not work, so this never reports that it does. */
export async function lookAtKvm(): Promise<KvmFinding> {
  const device = await deviceState();
  const pvm = await exists("/sys/module/kvm_pvm");
  return { device, pvm, works: device === "opens" ? null : false, remedy: remedyFor(device) };
}

async function deviceState(): Promise<KvmFinding["device"]> {
  if (!(await exists("/dev/kvm"))) return "missing";
  return (await exists("/dev/kvm", constants.R_OK | constants.W_OK)) ? "opens" : "denied";
}

function remedyFor(device: KvmFinding["device"]): string | null {
  switch (device) {
    case "missing":
      return "Enable virtualisation in the firmware or the cloud's settings; without it QEMU emulates, correctly but slowly.";
    case "denied":
      return "Add this user to the group that owns /dev/kvm.";
    case "opens":
      return null;
  }
}

async function exists(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
