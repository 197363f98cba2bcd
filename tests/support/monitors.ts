import { descendantsOf, readKernelFile } from "./host.js";

/**
 * Virtual machine monitors below this process (or another), the oldest first: those of nobody else who tests on this
 * host.
 */
export function monitorsOf(pid = process.pid): readonly number[] {
  return descendantsOf(pid)
    .filter((one) => isMonitor(readKernelFile(`/proc/${one}/cmdline`).split("\0", 1)[0] ?? ""))
    .sort((one, other) => one - other);
}

function isMonitor(program: string): boolean {
  return program.endsWith("qemu-system-x86_64") || program === "/vm/firecracker";
}
