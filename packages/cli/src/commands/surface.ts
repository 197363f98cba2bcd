import { LEVELS } from "bulkhead";
import { Command, Option } from "commander";
import { EXAMPLES } from "../help.js";
import { oneOf } from "../policy/choice.js";
import type { SurfaceFlags } from "../surface/flags.js";

/** `bulkhead surface`: measures the attack surface of a level. */
export function surfaceCommand(): Command {
  return new Command("surface")
    .description(
      "measure what a workload can reach: system calls, devices, kernel interfaces, sockets, the host's kernel",
    )
    .addOption(
      oneOf(new Option("-l, --level <level>", "measure this level, or all levels that this host offers"), [
        "all",
        ...LEVELS,
      ]).default("all"),
    )
    .option("--compare", "compare with a bare process, and with docker, podman and bubblewrap where installed")
    .option("--policy <file>", "measure under this policy (--level replaces its level)")
    .option("--json", "print all findings as one JSON object")
    .option("--svg <file>", "also write a chart")
    .option("--broker <socket>", "use the system broker at this socket")
    .addHelpText("after", EXAMPLES.surface)
    .action(async (flags: SurfaceFlags) => {
      const { surface } = await import("../surface/surface.js");
      await surface(flags);
    });
}
