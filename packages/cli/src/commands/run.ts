import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addImageFlags, type ImageFlags } from "../images/flags.js";
import { addPolicyFlags, type PolicyFlags } from "../policy/flags.js";
import { type PortFlag, port } from "../run/ports.js";

export interface RunFlags extends PolicyFlags, ImageFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly json?: boolean;
  readonly broker?: string;
  readonly publish?: readonly PortFlag[];
  readonly egressLog?: string;
  readonly record?: string;
  readonly recordKey?: string;
}

/** `bulkhead run`: runs one program in a new sandbox, through `execute`. */
export function runCommand(execute: (argv: readonly string[], flags: RunFlags) => Promise<void>): Command {
  const command = new Command("run")
    .description("run a program in a sandbox")
    .argument("[command...]", "the program and its arguments; put -- before it (default: the image's)")
    .passThroughOptions()
    .option("-i, --interactive", "forward stdin even if it is a terminal")
    .option("-t, --tty", "allocate a terminal (usually -it)")
    .option("--json", "collect the output, and print the result as one JSON object")
    .option(
      "-p, --publish <[address:]hostport:port>",
      "expose a port inside on this port of 127.0.0.1, or of the address (repeatable)",
      port,
      undefined,
    )
    .option("--egress-log <file>", "append a line of JSON for each network decision")
    .option(
      "--record <path>",
      "write a signed record of the protections in force to this file, or to a file in this directory",
    )
    .option("--record-key <file>", "sign the record with this ed25519 key (default: this machine's own)")
    .option("--broker <socket>", "use the system broker at this socket (default: BULKHEAD_BROKER, or a private one)");
  return addImageFlags(addPolicyFlags(command)).addHelpText("after", EXAMPLES.run).action(execute);
}
