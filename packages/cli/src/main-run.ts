import { reportHost } from "bulkhead";
import { runCommand } from "./commands/run.js";
import { perform } from "./perform.js";
import { rootCommand } from "./root-command.js";
import { execute } from "./run/execute.js";

// The broker starts while the arguments are read: only `--broker` among them could ask for another. One that is not wanted
// after all ends with this process; if it could not be had, `run` tries again, and says why.
if (!process.argv.some((argument) => argument.startsWith("--broker"))) {
  reportHost().catch(() => undefined);
}

void perform(rootCommand([runCommand(execute)]));
