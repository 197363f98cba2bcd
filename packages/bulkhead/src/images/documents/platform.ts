import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Platform } from "./oci.js";

/** Go's names, which all images use, for the processors that Node knows. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ppc64: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
};

export const thisArchitecture = ARCHITECTURES[process.arch] ?? process.arch;

/** Whether programs for the platform run here. */
export function runsHere({ os, architecture }: Pick<Platform, "os" | "architecture">): boolean {
  return os === "linux" && architecture === thisArchitecture;
}

/** Throws IMAGE_NOT_FOUND for an image of another platform: its programs could not be executed. */
export function requirePlatform(platform: Pick<Platform, "os" | "architecture">): void {
  if (runsHere(platform)) return;
  throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "choose platform", detail: `linux/${thisArchitecture}` });
}
