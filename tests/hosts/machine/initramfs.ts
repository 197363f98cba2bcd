import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cpio } from "./cpio.js";
import type { Kernel } from "./downloads.js";
import type { GuestCommand, MachineSettings } from "./settings.js";
import type { ShareSource } from "./share.js";
import { quote } from "./shell.js";

/** What the root needs before modprobe can serve the rest. */
const MODULES = ["virtio_pci", "virtio_console", "virtiofs", "overlay", "virtio_blk", "ext4"];

/** The guest's first files: busybox, guest-init, the modules that the root needs, and this run's settings. */
export async function initramfs(
  busybox: string,
  kernel: Kernel,
  settings: MachineSettings,
  shares: readonly ShareSource[],
  command: GuestCommand,
): Promise<Buffer> {
  const wanted = settings.kvm ? [...MODULES, "kvm_amd"] : MODULES;
  const modules = loadingOrder(await readFile(join(kernel.modules, "modules.dep"), "utf8"), wanted);
  const script = runScript(
    modules.map((path) => basename(path)),
    settings,
    shares,
    command,
  );
  return cpio([
    ...["bin", "proc", "sys", "dev", "hosts", "hosts/modules"].map((name) => ({ name })),
    { name: "bin/busybox", data: await readFile(busybox) },
    { name: "init", data: await readFile(new URL("guest-init", import.meta.url)) },
    ...(await Promise.all(
      modules.map(async (path) => ({
        name: `hosts/modules/${basename(path)}`,
        data: await readFile(join(kernel.modules, path)),
      })),
    )),
    { name: "hosts/run", data: Buffer.from(script) },
  ]);
}

/** The files of the wanted modules and of what they depend on; what the kernel has built in is in no list. */
export function loadingOrder(modulesDep: string, wanted: readonly string[]): readonly string[] {
  const lists = new Map<string, readonly string[]>();
  for (const line of modulesDep.split("\n")) {
    const [path, ...needs] = line.split(/:? +|:$/).filter((word) => word !== "");
    if (path !== undefined) lists.set(basename(path, ".ko").replaceAll("-", "_"), [path, ...needs].reverse());
  }
  return [...new Set(wanted.flatMap((name) => lists.get(name) ?? []))];
}

/** Shell text that guest-init reads: settings, and three functions for what only this run knows. */
export function runScript(
  modules: readonly string[],
  settings: MachineSettings,
  shares: readonly ShareSource[],
  command: GuestCommand,
): string {
  const values = {
    MODULES: modules.join(" "),
    PACKAGES: settings.packages.join(" "),
    CGROUP: settings.cgroup,
    USER_NAME: settings.user,
    USERNS_RESTRICT: settings.usernsRestrict ? "on" : "off",
  };
  const env = Object.entries(command.env).map(([name, value]) => `${name}=${value}`);
  return [
    ...Object.entries(values).map(([name, value]) => `${name}=${quote(value)}`),
    "shares() {",
    ...shares.flatMap(({ tag, target, mode }) => (target === undefined ? [] : `share ${quote(tag, target)} ${mode}`)),
    ":; }",
    "prepare() {",
    command.prepare ?? ":",
    "}",
    "run() {",
    `cd ${quote(command.cwd)} 2>/dev/null || cd /`,
    `set -- ${quote(...env)} "HOME=$home" "USER=$USER_NAME" "LOGNAME=$USER_NAME"`,
    `set -- "$@" "BULKHEAD_HOSTS_RESULT=$result" ${quote(...command.argv)}`,
    // env, not the shell's own exec: busybox would prefer its applets to the host's programs.
    '[ "$uid" = 0 ] || exec /usr/bin/setpriv --reuid="$uid" --regid="$gid" --init-groups /usr/bin/env -i "$@"',
    'exec /usr/bin/env -i "$@"; }',
    "",
  ].join("\n");
}
