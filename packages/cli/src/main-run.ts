import { Broker } from "bulkhead";
import { type RunFlags, runCommand } from "./commands/run.js";
import { perform } from "./perform.js";
import { isBuiltIn } from "./policy/merge.js";
import { rootCommand } from "./root-command.js";
import { execute } from "./run/execute.js";

/** The launcher's: starts over with the whole command line. */
declare const startWhole: () => Promise<unknown>;

// The broker starts while the arguments are read: only `--broker` among them could ask for another. One that is not wanted
// after all ends with this process; if it could not be had, `run` tries again, and says why.
if (!process.argv.some((argument) => argument.startsWith("--broker"))) {
  Broker.default(undefined, probablyChroot(process.argv) ? "chroot" : "container").catch(() => undefined);
}

void perform(
  rootCommand([
    runCommand(async (argv, flags) => {
      if (isServedHere(flags)) await execute(argv, flags);
      else await startWhole();
    }),
  ]),
);

/** What reads policy files and images, and what signs, is larger than all the rest, and is not in this bundle. */
function isServedHere({ policy, image, root = "", syscalls = "default", record }: RunFlags): boolean {
  const isPlain = isBuiltIn(syscalls) && policy === undefined && image === undefined && record === undefined;
  return isPlain && !/^(oci|docker-archive):/.test(root);
}

/** Only a guess at what will be asked for: a wrong one costs a process that is never used. */
function probablyChroot(argv: readonly string[]): boolean {
  return argv.some((word, at) => word === "--level=chroot" || (word === "chroot" && argv[at - 1] === "--level"));
}
