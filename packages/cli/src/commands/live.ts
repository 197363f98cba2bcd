import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import type { LiveFlags } from "../live/flags.js";

/** `bulkhead ps`: which sandboxes are alive. */
export function psCommand(): Command {
  return common("ps", "print them as one JSON object")
    .description("list your live sandboxes, whichever program made them; as root everybody's")
    .option("-q, --quiet", "print their ids only")
    .addHelpText("after", EXAMPLES.live)
    .action(async (flags: LiveFlags) => {
      const { showLive } = await import("../live/ps.js");
      await showLive(flags);
    });
}

/** `bulkhead kill`: end some of them. */
export function killCommand(): Command {
  return common("kill", "print what was ended as one JSON object")
    .description("end live sandboxes at once, and wait until nothing of them is left")
    .argument("<id...>", "as `ps` shows it, or the first letters of it")
    .addHelpText("after", EXAMPLES.live)
    .action(async (ids: readonly string[], flags: LiveFlags) => {
      const { killLive } = await import("../live/kill.js");
      await killLive(ids, flags);
    });
}

/** `bulkhead logs`: what one has put out. */
export function logsCommand(): Command {
  return common("logs", "print each piece of output as a JSON object in a line of its own")
    .description("print the last of what a live `bulkhead run` has put out (1 MiB)")
    .argument("<id>", "as `ps` shows it, or the first letters of it")
    .option("-f, --follow", "go on until it ends")
    .addHelpText("after", EXAMPLES.live)
    .action(async (id: string, flags: LiveFlags) => {
      const { showLogs } = await import("../live/logs.js");
      await showLogs(id, flags);
    });
}

/** `bulkhead attach`: join one. */
export function attachCommand(): Command {
  return common("attach", "print each piece of output as a JSON object in a line of its own")
    .description("show what a live `bulkhead run` puts out from now on, pass signals on, and end with its exit code")
    .argument("<id>", "as `ps` shows it, or the first letters of it")
    .option("--no-signals", "pass none on: ^C only leaves it")
    .addHelpText("after", EXAMPLES.live)
    .action(async (id: string, flags: LiveFlags) => {
      const { attachTo } = await import("../live/logs.js");
      await attachTo(id, flags);
    });
}

function common(name: string, json: string): Command {
  return new Command(name)
    .option("--json", json)
    .option("--broker <socket>", "ask the system broker at this socket as well (default: BULKHEAD_BROKER)");
}
