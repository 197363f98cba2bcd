import { Broker } from "bulkhead";

// The broker starts while the rest of the program is loaded and the arguments are read: only `--broker` among them could ask for another.
// One that is not wanted after all ends with this process; if it could not be had, `run` tries again, and says why.
if (!process.argv.some((argument) => argument.startsWith("--broker"))) {
  Broker.default(undefined, probablyChroot(process.argv) ? "chroot" : "container").catch(() => undefined);
}

/** Only a guess at what will be asked for: a wrong one costs a process that is never used. */
function probablyChroot(argv: readonly string[]): boolean {
  return argv.some((word, at) => word === "--level=chroot" || (word === "chroot" && argv[at - 1] === "--level"));
}
