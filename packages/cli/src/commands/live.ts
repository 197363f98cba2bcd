import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import type { LiveFlags } from "../live/flags.js";

/** `bulkhead ps`: lists live sandboxes. */
export function psCommand(): Command {
  return common("ps", "print them as one JSON object")
    .description("list your live sandboxes, whichever program created them; as root, those of every user")
    .option("-q, --quiet", "print only the ids")
    .addHelpText("after", EXAMPLES.live)
    .action(async (flags: LiveFlags) => {
      const { showLive } = await import("../live/ps.js");
      await showLive(flags);
    });
}

/** `bulkhead kill`: kills live sandboxes. */
export function killCommand(): Command {
  return common("kill", "print the killed ids as one JSON object")
    .description("kill live sandboxes, and wait until all their processes and resources are gone")
    .argument("<id...>", "id as `ps` shows it, or a unique prefix of it")
    .addHelpText("after", EXAMPLES.live)
    .action(async (ids: readonly string[], flags: LiveFlags) => {
      const { killLive } = await import("../live/kill.js");
      await killLive(ids, flags);
    });
}

/** `bulkhead logs`: prints the recent output of a run. */
export function logsCommand(): Command {
  return common("logs", "print each piece of output as a JSON object on its own line")
    .description("print the last output of a live `bulkhead run` (up to 1 MiB)")
    .argument("<id>", "id as `ps` shows it, or a unique prefix of it")
    .option("-f, --follow", "keep printing until it ends")
    .addHelpText("after", EXAMPLES.live)
    .action(async (id: string, flags: LiveFlags) => {
      const { showLogs } = await import("../live/logs.js");
      await showLogs(id, flags);
    });
}

/** `bulkhead attach`: follows the output of a run and forwards signals to it. */
export function attachCommand(): Command {
  return common("attach", "print each piece of output as a JSON object on its own line")
    .description("show a live `bulkhead run`'s output from now on, forward signals to it, and exit with its exit code")
    .argument("<id>", "id as `ps` shows it, or a unique prefix of it")
    .option("--no-signals", "do not forward signals: ^C only detaches")
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
