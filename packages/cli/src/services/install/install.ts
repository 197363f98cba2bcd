import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { promisify } from "node:util";
import { BulkheadError, printableLine } from "bulkhead";
import { installationPaths, SYSTEM_SOCKET } from "bulkhead/host";
import { Service } from "bulkhead/services";
import { defined } from "../../defined.js";
import { finish, jsonLine, print } from "../../output/write.js";
import type { InstallFlags, UninstallFlags } from "../flags.js";
import { nameOf } from "../manage.js";
import { requireHidden } from "../notify-socket.js";
import { installedUnits, removeUnit, unitDirectory, writeUnit } from "./place.js";
import { requireTrustedInstallation, requireTrustedTree, trustedPath } from "./trust.js";
import { type UnitKind, unitName, unitOf } from "./unit.js";

const execute = promisify(execFile);
const OWN = process.getuid?.() ?? 0;
const SYSTEMD_RUNS = "/run/systemd/system";
/** What the launcher of a checkout gives to Node; a unit needs no such option. */
const LAUNCHER_OPTION = "--disable-warning=ExperimentalWarning";

/** Writes a systemd unit that starts a service at boot, and with `--now` at once. */
export async function installService(flags: InstallFlags): Promise<void> {
  const service = await Service.load(flags.file);
  const kind = kindOf(flags);
  const user = flags.user === undefined ? undefined : await accountOf(flags.user);
  const uid = user?.uid ?? OWN;
  const named = flags.broker === undefined ? undefined : resolve(flags.broker);
  const broker = kind === "as-user" ? (named ?? SYSTEM_SOCKET) : named;
  if (broker === undefined) requireHidden(notifySockets(), service.spec);
  const text = unitOf({
    name: service.name,
    file: trustedPath(resolve(flags.file), uid),
    kind,
    command: trustedCommand(uid),
    components: service.spec.components,
    ...defined({ user, broker }),
  });
  if (flags.dryRun === true) {
    await print(process.stdout, flags.json === true ? jsonLine({ unit: unitName(service.name), text }) : text);
    return await finish(0);
  }
  const path = writeUnit(unitDirectory(), service.name, kind, text);
  const runs = await reload();
  if (flags.now === true) await systemctl("restart", unitName(service.name));
  const unit = unitName(service.name);
  const said =
    flags.now === true ? "it is ready" : `start it now: ${["systemctl", ...scope(), "start", unit].join(" ")}`;
  const lingers = kind === "user" ? "\nit starts at boot after: loginctl enable-linger" : "";
  if (flags.json === true) await print(process.stdout, jsonLine({ name: service.name, unit, path }));
  else await print(process.stdout, `${path} is installed\n${runs ? said : "systemd does not run here"}${lingers}\n`);
  await finish(0);
}

/** Stops an installed service, and removes its unit. */
export async function uninstallService(flags: UninstallFlags): Promise<void> {
  const name = await nameOf(flags);
  const unit = unitName(name);
  const isThere = installedUnits(unitDirectory()).some((one) => one.name === name);
  // Before its file is gone: systemd must still know how it is stopped.
  if (isThere && existsSync(SYSTEMD_RUNS)) await systemctl("stop", unit);
  if (!removeUnit(unitDirectory(), name)) {
    throw new BulkheadError("SERVICE_NOT_INSTALLED", { operation: "uninstall", detail: name });
  }
  await reload();
  await print(process.stdout, flags.json === true ? jsonLine({ removed: unit }) : `${unit} is removed\n`);
  await finish(0);
}

/** Lists the services that start at boot. */
export async function listInstalled({ json }: { readonly json?: boolean }): Promise<void> {
  const units = await Promise.all(
    installedUnits(unitDirectory()).map(async (unit) => ({ ...unit, state: await stateOf(unit.unit) })),
  );
  if (json === true) await print(process.stdout, jsonLine({ services: units }));
  else {
    const lines = units.map(
      ({ name, state, file }) => `${name.padEnd(20)} ${state.padEnd(12)} ${printableLine(file)}\n`,
    );
    await print(process.stdout, lines.join(""));
  }
  await finish(0);
}

/** Node and the script that it runs, both and all that they load beyond others' reach. */
function trustedCommand(uid: number): readonly string[] {
  const option = process.execArgv.find((one) => one !== LAUNCHER_OPTION);
  if (option !== undefined) {
    const detail = `Node was started with ${printableLine(option)}: start Bulkhead without options of Node`;
    throw new BulkheadError("USAGE", { operation: "service install", detail });
  }
  const script = trustedPath(process.argv[1] ?? "", uid);
  requireTrustedTree(dirname(script), uid);
  requireTrustedInstallation(installationPaths(), uid);
  return [trustedPath(process.execPath, uid), script];
}

function notifySockets(): readonly string[] {
  return OWN === 0 ? ["/run/systemd/notify"] : ["/run/systemd/notify", `/run/user/${OWN}/systemd/notify`];
}

function kindOf({ user, broker }: InstallFlags): UnitKind {
  const refuse = (detail: string) => new BulkheadError("USAGE", { operation: "service install", detail });
  if (OWN !== 0) {
    if (user !== undefined) throw refuse("--user: only root installs a unit that runs as another user");
    return "user";
  }
  if (user === undefined && broker !== undefined) throw refuse("--broker: root also names a user, with --user");
  return user === undefined ? "root" : "as-user";
}

/** @throws BulkheadError USAGE */
async function accountOf(
  user: string,
): Promise<{ readonly name: string; readonly uid: number; readonly home: string }> {
  const refuse = (detail: string) => new BulkheadError("USAGE", { operation: "--user", detail });
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw refuse(printableLine(user));
  const { stdout } = await execute("getent", ["passwd", user]).catch(() => ({ stdout: "" }));
  const [, , id = "", , , home = ""] = stdout.split(":");
  const uid = Number(id);
  if (id === "" || !Number.isSafeInteger(uid) || !isAbsolute(home)) throw refuse(`there is no user ${user}`);
  if (uid === 0) throw refuse("root: leave out --user for a unit that runs as root");
  if (resolve(home) === "/")
    throw refuse(`the home of ${user} is /, and the unit could write everywhere: give it another`);
  return { name: user, uid, home };
}

function scope(): readonly string[] {
  return OWN === 0 ? [] : ["--user"];
}

/** Whether systemd runs here; it then knows of the change. */
async function reload(): Promise<boolean> {
  if (!existsSync(SYSTEMD_RUNS)) return false;
  await systemctl("daemon-reload");
  return true;
}

async function systemctl(...argv: readonly string[]): Promise<void> {
  try {
    await execute("systemctl", [...scope(), ...argv]);
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
    const detail = `systemctl ${argv.join(" ")}: ${printableLine(said.trim())}`;
    throw new BulkheadError("SERVICE_MANAGER_FAILED", { operation: "systemctl", detail, cause });
  }
}

async function stateOf(unit: string): Promise<string> {
  if (!existsSync(SYSTEMD_RUNS)) return "unknown";
  // It exits with the state as a code.
  const ended = await execute("systemctl", [...scope(), "is-active", unit]).catch((error: unknown) => error);
  return printableLine(String((ended as { readonly stdout?: string }).stdout ?? "").trim()) || "unknown";
}
