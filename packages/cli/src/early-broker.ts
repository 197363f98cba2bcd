import { Broker } from "bulkhead/host";

// The broker starts while the rest of the program loads and parses the arguments: only `--broker` among them could
// select another one. An unneeded one ends with this process; if it could not start, `run` tries again and reports why.
if (!process.argv.some((argument) => argument.startsWith("--broker"))) {
  Broker.default(undefined, probablyChroot(process.argv) ? "chroot" : "container").catch(() => undefined);
}

/** Only a guess: a wrong one costs a process that is never used. */
function probablyChroot(argv: readonly string[]): boolean {
  return argv.some((word, at) => word === "--level=chroot" || (word === "chroot" && argv[at - 1] === "--level"));
}
