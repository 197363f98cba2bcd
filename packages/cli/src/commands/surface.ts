import { LEVELS } from "bulkhead";
import { Command, Option } from "commander";
import { EXAMPLES } from "../help.js";
import { oneOf } from "../policy/choice.js";
import type { SurfaceFlags } from "../surface/flags.js";

/** `bulkhead surface`: what can be reached, measured. */
export function surfaceCommand(): Command {
  return new Command("surface")
    .description(
      "measure what a workload can reach: system calls, devices, kernel interfaces, sockets, the host's kernel",
    )
    .addOption(
      oneOf(new Option("-l, --level <level>", "at this level, or at all that this host has"), [
        "all",
        ...LEVELS,
      ]).default("all"),
    )
    .option("--compare", "beside a bare process; and docker, podman, bubblewrap where they are installed")
    .option("--policy <file>", "under this policy (its level is replaced)")
    .option("--json", "print everything that was found as one JSON object")
    .option("--svg <file>", "write a chart as well")
    .option("--broker <socket>", "use the system broker at this socket")
    .addHelpText("after", EXAMPLES.surface)
    .action(async (flags: SurfaceFlags) => {
      const { surface } = await import("../surface/surface.js");
      await surface(flags);
    });
}
