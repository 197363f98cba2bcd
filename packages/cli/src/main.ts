import { fail } from "./failure.js";
import { makeProgram } from "./program.js";

// The reader of a pipe may go away; that ends what is written to it, not this program.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

const program = makeProgram(process.argv[2]);
let json = false;
// Not from the words themselves: after the workload's name `--json` is the workload's.
program.hook("preAction", (_, command) => {
  json = command.opts()["json"] === true;
});

try {
  await program.parseAsync();
} catch (error) {
  await fail(error, json);
}
