import { type Command, InvalidArgumentError, Option } from "commander";
import { oneOf } from "./choice.js";
import { addNetworkFlags, type NetworkFlags } from "./network-flags.js";

/** The flags that build or change a policy, as commander parses them. */
export interface PolicyFlags extends NetworkFlags {
  readonly policy?: string;
  readonly level?: string;
  readonly atLeast?: string;
  readonly trust?: string;
  readonly image?: string;
  readonly verifyKey?: readonly string[];
  readonly root?: string;
  readonly writable?: boolean;
  readonly mount?: readonly MountFlag[];
  readonly tmpfs?: readonly TmpfsFlag[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly pids?: string;
  readonly disk?: string;
  readonly openFiles?: string;
  readonly timeout?: string;
  readonly maxOutput?: string;
  readonly cap?: readonly string[];
  readonly syscalls?: string;
  readonly apparmor?: string;
  readonly selinux?: string;
  readonly require?: readonly string[];
}

export interface MountFlag {
  readonly host: string;
  readonly at: string;
  readonly mode: "ro" | "rw";
}

export interface TmpfsFlag {
  readonly tmpfs: string;
  readonly size?: string;
}

const LEVELS = ["auto", "chroot", "container", "gvisor", "microvm"];

/**
 * Adds those flags to a command. The policy's own check validates the values, so that it reports every problem at once.
 */
export function addPolicyFlags(command: Command): Command {
  addOwnFlags(command);
  return addNetworkFlags(command);
}

function addOwnFlags(command: Command): Command {
  return command
    .optionsGroup("Policy:")
    .option("--policy <file>", "start from this policy (YAML or JSON); flags change it")
    .addOption(oneOf(new Option("-l, --level <level>", "how strong the wall is (default: container)"), LEVELS))
    .addOption(
      oneOf(new Option("--at-least <level>", "the weakest level to accept"), LEVELS.slice(1)).conflicts("level"),
    )
    .addOption(
      oneOf(new Option("--trust <trust>", "how far the workload is trusted; chooses the level"), [
        "first-party",
        "third-party",
        "hostile",
      ]),
    )
    .option(
      "--require <names>",
      "refuse to start unless these protections are enforced (repeatable, or separated by commas)",
      list,
      undefined,
    )
    .optionsGroup("Files:")
    .addOption(
      new Option(
        "--root <root>",
        "base, host, a directory, oci:PATH[:TAG] or docker-archive:FILE (default: base)",
      ).conflicts("image"),
    )
    .option("--image <image>", "an image: a name (python:3.13-slim), oci:PATH[:TAG] or docker-archive:FILE")
    .option(
      "--verify-key <file>",
      "require a cosign signature of the image by this key (repeatable)",
      append,
      undefined,
    )
    .option("--writable", "make the root writable, in memory")
    .option(
      "--mount <host:inside[:ro|rw]>",
      "show a host file or directory inside, read-only unless :rw (repeatable)",
      mount,
      undefined,
    )
    .option("--tmpfs <inside[:size]>", "an empty writable directory in memory (repeatable)", tmpfs, undefined)
    .optionsGroup("Workload:")
    .option(
      "-e, --env <name[=value]>",
      "set a variable, or pass this shell's variable on (repeatable)",
      variable,
      undefined,
    )
    .option("-w, --workdir <path>", "directory to start in (default: /work, empty and writable)")
    .option("-u, --user <user>", "uid, uid:gid or a user name in the root (default: 1000:1000)")
    .option("--hostname <name>", "host name inside")
    .option(
      "--cap <names>",
      "grant capabilities to the workload, within its user namespace (repeatable)",
      list,
      undefined,
    )
    .option("--syscalls <profile>", "default, strict, or a file with an OCI seccomp profile (default: default)")
    .option("--apparmor <profile>", "run under this loaded AppArmor profile, or `generated` for one from the policy")
    .option("--selinux <label>", "run with this SELinux label, on a host that runs SELinux")
    .optionsGroup("Limits:")
    .option("-m, --memory <size>", "memory for everything inside together (default: 512MiB)")
    .option("--cpus <number>", "processors' worth of time (default: 1)")
    .option("--pids <number>", "processes and threads (default: 512)")
    .option("--disk <size>", "size of each writable in-memory file system (default: 256MiB)")
    .option("--open-files <number>", "open files of each process (default: 1024)")
    .option("--timeout <time>", "time limit such as 30s, or none (default: 60s, none with -t)")
    .option("--max-output <size>", "maximum stdout and stderr together (default: 10MiB)");
}

function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function list(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(",").filter((name) => name !== "")];
}

/** The host's path may contain colons, so this splits from the end. */
export function mount(value: string, previous: readonly MountFlag[] = []): readonly MountFlag[] {
  const match = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/s.exec(value);
  const [, host, at, mode = "ro"] = match ?? [];
  if (host === undefined || at === undefined)
    throw new InvalidArgumentError("It must be HOST:/INSIDE, HOST:/INSIDE:ro or HOST:/INSIDE:rw.");
  return [...previous, { host, at, mode: mode === "rw" ? "rw" : "ro" }];
}

export function tmpfs(value: string, previous: readonly TmpfsFlag[] = []): readonly TmpfsFlag[] {
  const [, at = value, size] = /^(\/[^:]*):([^:]+)$/.exec(value) ?? [];
  return [...previous, size === undefined ? { tmpfs: at } : { tmpfs: at, size }];
}

/** A name alone passes that one variable on. No other variable of this process enters the sandbox. */
export function variable(
  value: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const equals = value.indexOf("=");
  if (equals > 0) return { ...previous, [value.slice(0, equals)]: value.slice(equals + 1) };
  const own = process.env[value];
  if (own === undefined) throw new InvalidArgumentError(`This shell has no variable ${value}; give NAME=VALUE.`);
  return { ...previous, [value]: own };
}
