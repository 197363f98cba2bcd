import { parseArgs } from "node:util";
import { defaults, type MachineSettings, type ShareMode } from "./machine/settings.js";

/** What was asked for on the command line. */
export interface Options {
  /** Names of the matrix; empty: all of them, or one machine as `settings` say if there are any. */
  readonly hosts: readonly string[];
  readonly short: boolean;
  readonly list: boolean;
  readonly help: boolean;
  /** Only what was given. */
  readonly settings: Partial<MachineSettings>;
  /** Instead of the suites. */
  readonly command: readonly string[] | undefined;
}

/** Bad usage: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const string = { type: "string" } as const;
const boolean = { type: "boolean" } as const;

/** @throws UsageError */
export function parseOptions(argv: readonly string[]): Options {
  const cut = argv.indexOf("--");
  const { values, positionals } = parse(cut < 0 ? argv : argv.slice(0, cut));
  const command = cut < 0 ? undefined : argv.slice(cut + 1);
  if (command?.length === 0) throw new UsageError("no COMMAND after --");
  const settings = {
    kernel: oneOf("--kernel", values.kernel, ["bookworm", "trixie", "sid"] as const),
    user: matching("--user", values.user, /^[a-z_][a-z0-9_-]{0,31}$/),
    apparmor: onOff("--apparmor", values.apparmor),
    usernsRestrict: onOff("--userns-restrict", values["userns-restrict"]),
    cgroup: oneOf("--cgroup", values.cgroup, ["v2", "v1", "hybrid"] as const),
    memory: matching("--memory", values.memory, /^\d+[MG]$/),
    cpus: number("--cpus", values.cpus, 16),
    shares: values.share?.map(share),
    timeoutS: number("--timeout", values.timeout, 1e6),
    kvm: onOff("--kvm", values.kvm),
    packages: matching("--packages", values.packages, /^[a-z0-9][a-z0-9+.,:-]+$/)?.split(","),
    console: values.console,
  } satisfies { [key in keyof MachineSettings]: MachineSettings[key] | undefined };
  return {
    hosts: positionals,
    short: values.short ?? false,
    list: values.list ?? false,
    help: values.help ?? false,
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
    command,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        short: boolean,
        list: boolean,
        help: { ...boolean, short: "h" },
        kernel: string,
        user: string,
        apparmor: string,
        "userns-restrict": string,
        cgroup: string,
        memory: string,
        cpus: string,
        share: { ...string, multiple: true },
        timeout: string,
        kvm: string,
        packages: string,
        console: string,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${name} ${value}: one of ${allowed.join(", ")}`);
  return found;
}

function onOff(name: string, value: string | undefined): boolean | undefined {
  const found = oneOf(name, value, ["on", "off"] as const);
  return found === undefined ? undefined : found === "on";
}

function matching(name: string, value: string | undefined, pattern: RegExp): string | undefined {
  if (value !== undefined && !pattern.test(value)) throw new UsageError(`${name} ${value}: expected ${pattern.source}`);
  return value;
}

function number(name: string, value: string | undefined, most: number): number | undefined {
  if (value === undefined) return undefined;
  const found = Number(value);
  if (!Number.isInteger(found) || found < 1 || found > most) throw new UsageError(`${name} ${value}: 1 to ${most}`);
  return found;
}

function share(text: string): { path: string; mode: ShareMode } {
  const [, path = text, mode = "rw"] = /^(.*?)(?::(ro|rw|cow))?$/.exec(text) ?? [];
  return { path, mode: mode as ShareMode };
}

/** The usage text; the defaults are those of the machine. */
export const help = `npm run test:hosts -- [OPTION…] [HOST…] [-- COMMAND…]

Runs the conformance and security suites, or COMMAND, on other Linux hosts: Debian kernels booted under QEMU's software
emulation, with this machine's own programs and this checkout. Without HOST: every one of the matrix, or, if there is
an option below, one machine made as the options say. Needs root. See docs/other-hosts.md.

  --short                 the short list, on the HOSTs or on the two that CI runs
  --list                  the matrix
  --kernel NAME           bookworm (6.1), trixie (6.12), sid (newest)   [${defaults.kernel}]
  --user NAME             made if this machine has no such user         [${defaults.user}]
  --apparmor on|off       [on]
  --userns-restrict on|off  user namespaces for root only               [off]
  --cgroup v2|v1|hybrid   [${defaults.cgroup}]
  --memory SIZE --cpus N  [${defaults.memory}, ${defaults.cpus}]
  --share DIR[:ro|rw|cow] DIR at the same path; cow: writes are lost    [rw]
  --timeout S             for the command, the boot not counted         [${defaults.timeoutS}]
  --kvm on|off            a /dev/kvm that works (nested)                [off]
  --packages A,B          Debian packages, unpacked over the root
  --console FILE          keep the whole kernel log

Exit code: 0, or 1 if a test failed; COMMAND's own; 124 timed out; 125 a guest failed; 2 bad usage.
`;
