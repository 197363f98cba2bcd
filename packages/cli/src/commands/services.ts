import { Command } from "commander";
import { EXAMPLES } from "../help.js";
import { addImageFlags } from "../images/flags.js";
import type {
  BlastFlags,
  ExecFlags,
  GraphFlags,
  ImportFlags,
  InstallFlags,
  LogsFlags,
  ServiceFlags,
  UninstallFlags,
  UpFlags,
  VerifyServiceFlags,
} from "../services/flags.js";

/** `bulkhead up`: starts the service of a file, or changes the running one to it. */
export function upCommand(): Command {
  const command = onFile(new Command("up"))
    .description("start the components of a service, each behind its own wall; if it runs, restart what changed")
    .option("-d, --detach", "leave it running in the background, and return when all components are ready")
    .option("--dry-run", "only say which components would be started, restarted or stopped, and why")
    .option("--max-blast <number>", "refuse a service with a component whose `blast` score is higher")
    .option("--json", "print each event as a JSON object on its own line")
    .option("--broker <socket>", "use the system broker at this socket");
  return addImageFlags(command)
    .addHelpText("after", EXAMPLES.services)
    .action(async (flags: UpFlags) => {
      const { bringUp } = await import("../services/up.js");
      await bringUp(flags);
    });
}

/** `bulkhead down`: stops a running service. */
export function downCommand(): Command {
  return onRunning(new Command("down"))
    .description("stop a running service: each component after those that use it")
    .addHelpText("after", EXAMPLES.services)
    .action(async (flags: ServiceFlags) => {
      const { takeDown } = await import("../services/manage.js");
      await takeDown(flags);
    });
}

/** `bulkhead blast`: what an attacker who owns a component can reach. */
export function blastCommand(): Command {
  return onFile(new Command("blast"))
    .description("show what an attacker who takes over a component can reach, with a number to compare designs")
    .argument("[component]", "one component (default: the score of each)")
    .option("--json", "print it as one JSON object")
    .addHelpText("after", EXAMPLES.services)
    .action(async (component: string | undefined, flags: BlastFlags) => {
      const { showBlast } = await import("../services/blast.js");
      await showBlast(component, flags);
    });
}

/** `bulkhead service`: everything about one service but its start and end. */
export function serviceCommand(): Command {
  const group = new Command("service")
    .description("manage the components of a service")
    .enablePositionalOptions()
    .addHelpText("after", EXAMPLES.services);
  for (const command of [
    ps(),
    logs(),
    exec(),
    ...["start", "stop", "restart"].map(manage),
    explain(),
    graph(),
    verify(),
    install(),
    uninstall(),
    installed(),
    imported(),
    schema(),
  ]) {
    group.addCommand(command);
  }
  return group;
}

function ps(): Command {
  return onRunning(new Command("ps"))
    .description("list the components of a running service")
    .action(async (flags: ServiceFlags) => {
      const { showComponents } = await import("../services/manage.js");
      await showComponents(flags);
    });
}

function logs(): Command {
  return onRunning(new Command("logs"))
    .description("print the last output of the components of a running service")
    .argument("[component...]", "only of these (default: all)")
    .option("-f, --follow", "keep printing until the service ends")
    .action(async (components: readonly string[], flags: LogsFlags) => {
      const { showServiceLogs } = await import("../services/logs.js");
      await showServiceLogs(components, flags);
    });
}

function exec(): Command {
  return onRunning(new Command("exec"))
    .description("run a program in the sandbox of a component, and exit with its exit code")
    .argument("<component>", "a component that runs")
    .argument("<command...>", "program and arguments, after --")
    .passThroughOptions()
    .action(async (component: string, argv: readonly string[], flags: ExecFlags) => {
      const { execute } = await import("../services/exec.js");
      await execute(component, argv, flags);
    });
}

function manage(name: string): Command {
  const said = {
    start: "start a stopped or failed component",
    stop: "stop a component; its ports stay open",
    restart: "stop a component and start it; connections wait meanwhile",
  };
  return onRunning(new Command(name))
    .description(said[name as keyof typeof said])
    .argument("<component>", "a component of the service")
    .action(async (component: string, flags: ServiceFlags) => {
      const { manageComponent } = await import("../services/manage.js");
      await manageComponent(name as keyof typeof said, component, flags);
    });
}

function explain(): Command {
  return onFile(new Command("explain"))
    .description("show for each component its wall, its weak point, and who may reach it")
    .option("--json", "print it as one JSON object")
    .option("--broker <socket>", "ask the system broker at this socket")
    .action(async (flags: UpFlags) => {
      const { explainService } = await import("../services/explain.js");
      await explainService(flags);
    });
}

function graph(): Command {
  return onFile(new Command("graph"))
    .description("draw the components and the channels between them")
    .option("--svg <file>", "write a drawing instead: a thicker border is a stronger wall")
    .option("--json", "print components and channels as one JSON object")
    .action(async (flags: GraphFlags) => {
      const { showGraph } = await import("../services/graph.js");
      await showGraph(flags);
    });
}

function verify(): Command {
  return onRunning(new Command("verify"))
    .description("check each component's protections, and try from inside each to reach every other; exit 1 if one is")
    .option("--all", "also list what held")
    .action(async (flags: VerifyServiceFlags) => {
      const { verifyRunning } = await import("../services/verify.js");
      await verifyRunning(flags);
    });
}

function install(): Command {
  return onFile(new Command("install"))
    .description("write a systemd unit that starts a service at boot: the system's for root, else the user's own")
    .option("--user <name>", "as root: run the service as this user, through the system broker")
    .option("--broker <socket>", "use the system broker at this socket")
    .option("--now", "also start it")
    .option("--dry-run", "only print the unit")
    .option("--json", "print JSON")
    .action(async (flags: InstallFlags) => {
      const { installService } = await import("../services/install/install.js");
      await installService(flags);
    });
}

function uninstall(): Command {
  return onRunning(new Command("uninstall"))
    .description("stop a service that `install` installed, and remove its unit")
    .action(async (flags: UninstallFlags) => {
      const { uninstallService } = await import("../services/install/install.js");
      await uninstallService(flags);
    });
}

function installed(): Command {
  return new Command("list")
    .description("list the services that `install` installed")
    .option("--json", "print JSON")
    .action(async (flags: { readonly json?: boolean }) => {
      const { listInstalled } = await import("../services/install/install.js");
      await listInstalled(flags);
    });
}

function imported(): Command {
  return new Command("import")
    .description("translate a Compose file: the service file goes to stdout, what is not taken over to stderr")
    .argument("<file>", "compose.yaml")
    .option("--json", "print both as one JSON object")
    .action(async (file: string, flags: ImportFlags) => {
      const { importFile } = await import("../services/import.js");
      await importFile(file, flags);
    });
}

function schema(): Command {
  return new Command("schema")
    .description("print the JSON Schema of service files")
    .option("--json", "print JSON, as it does anyway")
    .action(async () => {
      const { printSchema } = await import("../services/explain.js");
      await printSchema();
    });
}

function onFile(command: Command): Command {
  return command.option("-f, --file <file>", "the service file", "bulkhead.yaml");
}

/** A running service is found by its name, which its file says too. */
function onRunning(command: Command): Command {
  return command
    .option("--file <file>", "the service file, which names the service", "bulkhead.yaml")
    .option("-n, --name <name>", "the name of the service, instead of a file")
    .option("--json", "print JSON");
}
