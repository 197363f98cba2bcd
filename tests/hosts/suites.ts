import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { MachineError } from "./machine/errors.js";
import type { GuestCommand } from "./machine/settings.js";
import { quote } from "./machine/shell.js";
import { type MonitorFiles, noMonitor } from "./monitor-files.js";

/**
 * `full`: the conformance and security suites; `smoke`: a short list; `refusal`: nothing may run, and it is said why;
 * `microvm`: one monitor.
 */
export type SuiteName = "full" | "smoke" | "refusal" | "microvm";

/** Seconds until a suite has failed, on a machine whose two cores are busy besides. */
export const suiteTimeoutS: Readonly<Record<SuiteName, number>> = {
  full: 7200,
  smoke: 240,
  refusal: 240,
  microvm: 1800,
};

/** The emulated machine is 5 to 20 times slower, and CI's is loaded besides. */
const TIME_FACTOR = 15;

const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Where a checkout that only root can enter is seen by users, as if it had been cloned there. */
const PUBLIC_PATH = "/srv/bulkhead";

/** On guest-init's disk. */
const BASE_COPY = "/run/bulkhead-host/disk/base";

/** The command that runs a suite; it leaves its report in the result file. */
export async function suiteArgv(suite: SuiteName): Promise<readonly string[]> {
  for (const part of ["packages/bulkhead/bin/warden", "packages/bulkhead/dist/index.js"])
    if (!existsSync(`${project}/${part}`)) throw new MachineError(`${part} is missing: run ./bulkhead setup test`);
  if (suite !== "full") return ["node", "--input-type=module", "--eval", await bundled(suite)];
  const vitest = "node node_modules/vitest/vitest.mjs run --project levels --project security";
  return ["sh", "-c", `exec ${vitest} --reporter=default --reporter=json --outputFile.json="$BULKHEAD_HOSTS_RESULT"`];
}

/**
 * A list of `smoke/` as one script. Vitest needs up to half a minute before the first test under emulation, where plain
 * Node with the built library needs two seconds. The text goes to `node --eval`, so nothing has to be written anywhere.
 */
async function bundled(list: Exclude<SuiteName, "full">): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`smoke/${list}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["bulkhead"],
    minifyWhitespace: true,
  });
  return outputFiles[0]?.text ?? "";
}

/** A command for a guest, in the checkout as the guest's user can reach it. */
export async function guestCommand(
  argv: readonly string[],
  user: string,
  monitor: MonitorFiles = noMonitor,
): Promise<GuestCommand> {
  const hidden = user !== "root" && !(await reachable(project));
  const cwd = hidden ? PUBLIC_PATH : project;
  return {
    argv,
    cwd,
    needs: [project, ...monitor.needs],
    env: {
      PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      LANG: "C.UTF-8",
      BULKHEAD_TIME_FACTOR: String(TIME_FACTOR),
      // What runs from `--eval` has no directory of its own to start from.
      BULKHEAD_PROBE: `${cwd}/packages/bulkhead/bin/bulkhead-probe`,
      BULKHEAD_WARDEN: `${cwd}/packages/bulkhead/bin/warden`,
      ...monitor.env,
      ...inherited(),
    },
    prepare: prepare(hidden),
  };
}

/** The suites' own variables, as they are set here. */
function inherited(): Readonly<Record<string, string>> {
  const names = ["BULKHEAD_REQUIRE", "BULKHEAD_WARDEN", "BULKHEAD_PROBE", "BULKHEAD_TIME_FACTOR"];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/**
 * What makes the guest's view of the checkout that of one on a disk: vitest's caches belong to whoever runs it, and the
 * base image lies on a filesystem that can be mounted idmapped. Only the guest changes.
 */
function prepare(hidden: boolean): string {
  const caches = [`${project}/node_modules/.vite`, `${project}/node_modules/.vite-temp`];
  const base = `${project}/packages/bulkhead/assets/base`;
  const bind = (from: string, to: string) => `mount -o bind ${quote(from, to)} || return`;
  return [
    `mkdir -p ${quote(...caches)} && chown -R "$uid:$gid" ${quote(...caches)} || return`,
    `if [ -d ${quote(base)} ]; then`,
    `cp -a ${quote(base, BASE_COPY)} || return`,
    bind(BASE_COPY, base),
    "fi",
    ...(hidden ? [`mkdir -p ${quote(PUBLIC_PATH)}`, `mount -o rbind ${quote(project, PUBLIC_PATH)} || return`] : []),
  ].join("\n");
}

async function reachable(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & 0o005) !== 0o005) return false;
  return path === "/" || reachable(dirname(path));
}
