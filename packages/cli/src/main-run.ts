// First: the rest loads while it starts.
import "./early-broker.js";

import { type RunFlags, runCommand } from "./commands/run.js";
import { perform } from "./perform.js";
import { isBuiltIn } from "./policy/merge.js";
import { rootCommand } from "./root-command.js";
import { execute } from "./run/execute.js";

/** The launcher's function: starts over with the whole command line. */
declare const startWhole: () => Promise<unknown>;

void perform(
  rootCommand([
    runCommand(async (argv, flags) => {
      if (isServedHere(flags)) await execute(argv, flags);
      else await startWhole();
    }),
  ]),
);

/**
 * The code that reads policy files and images, and that signs, is larger than all the rest, and is not in this bundle.
 */
function isServedHere({ policy, image, root = "", syscalls = "default", record }: RunFlags): boolean {
  const isPlain = isBuiltIn(syscalls) && policy === undefined && image === undefined && record === undefined;
  return isPlain && !/^(oci|docker-archive):/.test(root);
}
