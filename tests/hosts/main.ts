/** `npm run test:hosts`: see options.ts for what it takes, docs/other-hosts.md for what it does. */

import { add, failure, judge, nothing, summary, type Verdict } from "../../scripts/test/verdict.js";
import { MachineError } from "./machine/errors.js";
import { runMachine, unavailable } from "./machine/machine.js";
import { say } from "./machine/progress.js";
import { defaults } from "./machine/settings.js";
import { type Host, matrix, shortened, shortMatrix } from "./matrix.js";
import { monitorFiles, noMonitor } from "./monitor-files.js";
import { help, type Options, parseOptions, UsageError } from "./options.js";
import { guestCommand, suiteArgv, suiteTimeoutS } from "./suites.js";

const MOST_SHOWN = 30;
const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => abort.abort(signal));
// The reader has gone (`| head`): nobody wants the rest.
process.stdout.on("error", (error) => abort.abort(error.message));

try {
  process.exitCode = await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof MachineError)) throw error;
  say(error.message);
  process.exitCode = error instanceof UsageError ? 2 : abort.signal.aborted ? 130 : 125;
}

async function main(options: Options): Promise<number> {
  if (options.help) process.stdout.write(help);
  else if (options.list)
    for (const { name, suite, why } of matrix) console.log(`${name.padEnd(18)} ${suite.padEnd(8)} ${why}`);
  else if (options.command !== undefined) return await runCommand(options.command, chosen(options));
  else return await runSuites(options);
  return 0;
}

/** The hosts named; or one that only the options describe; or all. Options change each of them. */
function chosen(options: Options): readonly Host[] {
  const all = !options.short ? matrix : options.hosts.length > 0 ? matrix.map(shortened) : shortMatrix;
  const unknown = options.hosts.find((name) => !all.some((host) => host.name === name));
  if (unknown !== undefined)
    throw new UsageError(`no host ${unknown}: one of ${all.map(({ name }) => name).join(", ")}`);
  const described = Object.keys(options.settings).some((name) => name !== "timeoutS" && name !== "console");
  const custom: Host = { name: "host", why: "", suite: "full", settings: defaults };
  const named = all.filter(({ name }) => options.hosts.includes(name));
  const hosts = named.length > 0 ? named : options.command !== undefined || described ? [custom] : all;
  return hosts.map((host) => ({ ...host, settings: { ...host.settings, ...options.settings } }));
}

/** Runs a command on each host; its exit code, or the first that is not 0. */
async function runCommand(argv: readonly string[], hosts: readonly Host[]): Promise<number> {
  let code = 0;
  for (const host of hosts) code ||= (await boot(host, argv)).exitCode;
  return code;
}

async function runSuites(options: Options): Promise<number> {
  const hosts = chosen(options);
  const lack = unavailable();
  if (lack !== undefined && !required()) {
    say(`skipped: ${lack}`);
    console.log(summary({ ...nothing, skipped: hosts.length }));
    return 0;
  }
  const verdicts: [Host, Verdict][] = [];
  for (const host of hosts) {
    const { kernel, user, cgroup } = host.settings;
    console.log(`\n=== ${host.name}: kernel of ${kernel}, cgroup ${cgroup}, user ${user}: ${host.suite} suite`);
    const missing = host.monitor === undefined ? undefined : monitorFiles(host.monitor);
    if (typeof missing === "string") {
      console.log(`${host.name}: skipped: ${missing}`);
      verdicts.push([host, { ...nothing, skipped: 1 }]);
      continue;
    }
    const began = performance.now();
    const verdict = await runSuite(host, options);
    verdicts.push([host, verdict]);
    console.log(`${host.name}: ${summary(verdict)} in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  console.log("");
  for (const [{ name }, verdict] of verdicts) {
    console.log(`${name.padEnd(18)} ${summary(verdict)}`);
    for (const line of verdict.failures.slice(0, MOST_SHOWN)) console.log(`  failed: ${line}`);
    if (verdict.failures.length > MOST_SHOWN) console.log(`  and ${verdict.failures.length - MOST_SHOWN} more`);
  }
  const sum = verdicts.map(([, verdict]) => verdict).reduce(add, nothing);
  console.log(`\n${summary(sum)}`);
  return sum.failed > 0 ? 1 : 0;
}

/**
 * A guest that fails is one failure, and the others still have their turn. An emulated machine can stall on a busy
 * host, which says nothing about what is tested: it is said, and tried once more. What a suite finds is never tried
 * again.
 */
async function runSuite(host: Host, options: Options, again = true): Promise<Verdict> {
  const { settings, suite } = host;
  const timeoutS = options.settings.timeoutS ?? suiteTimeoutS[suite];
  try {
    const outcome = await boot({ ...host, settings: { ...settings, timeoutS } }, await suiteArgv(suite));
    return judge(outcome.result.toString(), outcome.exitCode);
  } catch (error) {
    if (abort.signal.aborted || !(error instanceof MachineError)) throw error;
    if (!again) return failure(error.message);
    say(`${host.name}: ${error.message}\n${host.name}: once more`);
    return await runSuite(host, options, false);
  }
}

async function boot({ settings, monitor }: Pick<Host, "settings" | "monitor">, argv: readonly string[]) {
  const files = monitor === undefined ? noMonitor : monitorFiles(monitor);
  if (typeof files === "string") throw new MachineError(files);
  const command = await guestCommand(argv, settings.user, files);
  return await runMachine(settings, command, { out: process.stdout, err: process.stderr }, abort.signal);
}

/** `BULKHEAD_REQUIRE=hosts`: a machine that cannot boot others has failed, not skipped. */
function required(): boolean {
  return (process.env["BULKHEAD_REQUIRE"] ?? "").split(",").includes("hosts");
}
