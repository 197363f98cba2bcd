import type { Command } from "commander";
import { brokerCommand } from "./commands/broker.js";
import { completionCommand } from "./commands/completion.js";
import { diffCommand } from "./commands/diff.js";
import { doctorCommand } from "./commands/doctor.js";
import { explainCommand } from "./commands/explain.js";
import { imagesCommand } from "./commands/images.js";
import { kernelCommand } from "./commands/kernel.js";
import { learnCommand } from "./commands/learn.js";
import { attachCommand, killCommand, logsCommand, psCommand } from "./commands/live.js";
import { profileCommand } from "./commands/profile.js";
import { recordCommand } from "./commands/record.js";
import { runCommand } from "./commands/run.js";
import { auditCommand, serveCommand } from "./commands/server.js";
import { blastCommand, downCommand, serviceCommand, upCommand } from "./commands/services.js";
import { setupCommand } from "./commands/setup.js";
import { surfaceCommand } from "./commands/surface.js";
import { verifyCommand } from "./commands/verify.js";
import { versionCommand } from "./commands/version.js";
import { rootCommand } from "./root-command.js";

const COMMANDS: Readonly<Record<string, () => Command>> = {
  run: () =>
    runCommand(async (argv, flags) => {
      const { executeWithImages } = await import("./run/with-images.js");
      await executeWithImages(argv, flags);
    }),
  ps: psCommand,
  kill: killCommand,
  logs: logsCommand,
  attach: attachCommand,
  up: upCommand,
  down: downCommand,
  service: serviceCommand,
  blast: blastCommand,
  serve: serveCommand,
  audit: auditCommand,
  explain: explainCommand,
  learn: learnCommand,
  images: imagesCommand,
  kernel: kernelCommand,
  profile: profileCommand,
  surface: surfaceCommand,
  verify: verifyCommand,
  record: recordCommand,
  diff: diffCommand,
  doctor: doctorCommand,
  broker: brokerCommand,
  setup: setupCommand,
  version: versionCommand,
  completion: () => completionCommand(() => makeProgram()),
};

/**
 * The command tree; with `only`, a command's name, just the part that the command needs. A command's code is loaded
 * only when it runs: start-up is most of a short command's cost.
 */
export function makeProgram(only?: string): Command {
  const chosen = only !== undefined && Object.hasOwn(COMMANDS, only) ? [only] : Object.keys(COMMANDS);
  return rootCommand(chosen.flatMap((name) => COMMANDS[name]?.() ?? []));
}
