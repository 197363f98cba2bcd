import { BulkheadError, printable } from "bulkhead";
import { SYSTEM_SOCKET } from "bulkhead/host";
import type { ComponentSpec } from "bulkhead/services";

/** First line of every unit that `bulkhead service install` wrote: no other file is overwritten or removed. */
export const MARK = "# Written by `bulkhead service install`, which also removes it.";

/** Who runs a unit: the system for root, the system for another user, or a user's own service manager. */
export type UnitKind = "root" | "as-user" | "user";

export interface UnitOptions {
  readonly name: string;
  /** Absolute path of the service file. */
  readonly file: string;
  readonly kind: UnitKind;
  /** For `as-user`: the user, and the directory that holds its logs and images. */
  readonly user?: { readonly name: string; readonly home: string } | undefined;
  /** Socket of the system broker; undefined: the service starts a private one. */
  readonly broker?: string | undefined;
  /** Program and arguments that come before `up`. */
  readonly command: readonly string[];
  readonly components: readonly Pick<ComponentSpec, "level" | "mounts">[];
}

/** No unit of the package has such a name, whatever the service's name is. */
export function unitName(service: string): string {
  return `bulkhead-service-${service}.service`;
}

/** The text of a unit. @throws BulkheadError PATH_UNUSABLE for a path that no unit can name */
export function unitOf(options: UnitOptions): string {
  const { name, file, kind, user, broker, command } = options;
  const [program = "", ...before] = command;
  const argv = [...before, "up", "--file", file, ...(broker === undefined ? [] : ["--broker", broker])];
  const needs = broker === SYSTEM_SOCKET ? ["Wants=bulkhead-broker.socket", "After=bulkhead-broker.socket"] : [];
  return [
    MARK,
    "[Unit]",
    `Description=The service ${name}, by Bulkhead`,
    "After=network.target",
    ...(kind === "user" ? [] : needs),
    "",
    "[Service]",
    "Type=notify",
    "# The report comes from a child of the supervisor. `up` refuses a component that can reach the socket for it.",
    "NotifyAccess=all",
    ...(user === undefined ? [] : [`User=${user.name}`]),
    `ExecStart=${[quoted(program), ...argv.map(argument)].join(" ")}`,
    "# Each component has its own time to become ready.",
    "TimeoutStartSec=infinity",
    "# The supervisor stops the components in order.",
    "KillMode=mixed",
    "TimeoutStopSec=2min",
    "Restart=on-failure",
    "RestartSec=5s",
    "TasksMax=infinity",
    "LimitNOFILE=524288",
    "OOMPolicy=continue",
    "UMask=0077",
    "NoNewPrivileges=yes",
    ...(broker === undefined ? withBroker(options) : withoutBroker(options)),
    "",
    "[Install]",
    `WantedBy=${wantedBy(kind)}`,
    "",
    "[X-Bulkhead]",
    `Service=${name}`,
    `File=${file}`,
    "",
  ].join("\n");
}

export function wantedBy(kind: UnitKind): string {
  return kind === "user" ? "default.target" : "multi-user.target";
}

/** A private broker makes the sandboxes, in this unit: what it forbids, it forbids to them and to their set-up. */
function withBroker({ kind, components }: UnitOptions): readonly string[] {
  const common = ["# Sandboxes get control groups below this one.", "Delegate=yes"];
  if (kind === "user") return common;
  return [
    ...common,
    "KeyringMode=private",
    "# What the private broker needs, as bulkhead-broker.service says, and what the supervisor needs for ports below",
    "# 1024, owners of written files and AppArmor profiles.",
    `CapabilityBoundingSet=${[...BROKER, ...SUPERVISOR].map((name) => `CAP_${name}`).join(" ")}`,
    "DevicePolicy=closed",
    ...(components.some(({ level }) => level === "microvm") ? ["DeviceAllow=/dev/kvm rw"] : []),
    "# Protect…= and Private…= are left out: components mount paths of the host, which must be those that you see.",
    "# So are SystemCallFilter= and Restrict…=: every sandbox would inherit their filters, and its set-up needs the calls.",
    "# A unit for another user (--user) has them all, because the system broker makes its sandboxes.",
  ];
}

const BROKER = [
  ...["SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "SETFCAP", "DAC_OVERRIDE", "MKNOD"],
  ...["NET_ADMIN", "KILL", "SYS_PTRACE", "SYS_RESOURCE"],
];
const SUPERVISOR = ["CHOWN", "FOWNER", "NET_BIND_SERVICE", "MAC_ADMIN"];

/** The system broker makes the sandboxes, outside this unit: here are only the supervisor and its helpers. */
function withoutBroker({ user, components }: UnitOptions): readonly string[] {
  const filters = [
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures=native",
    "# Helpers confine themselves by Landlock, which older groups lack.",
    "SystemCallFilter=@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    "SystemCallErrorNumber=EPERM",
    "# Left out: MemoryDenyWriteExecute= (V8 compiles), PrivateNetwork= and IPAddressDeny= (ports and egress).",
  ];
  // A user's service manager has no rights with which to change mounts and capabilities.
  if (user === undefined) return filters;
  return [
    ...filters,
    "# Ports below 1024 need CAP_NET_BIND_SERVICE here and in AmbientCapabilities=.",
    "CapabilityBoundingSet=",
    "KeyringMode=private",
    "DevicePolicy=closed",
    "PrivateDevices=yes",
    "PrivateMounts=yes",
    "ProtectSystem=strict",
    "# Logs and images; the directory of the control socket, which is in /tmp for a user who is not logged in. So",
    "# PrivateTmp= and ProtectHome= are left out. Then host paths that components in microVMs write: a helper in this unit",
    "# does it for them.",
    `ReadWritePaths=${[quoted(`-${user.home}`), "/tmp", "-/run/user", ...writtenFor(components)].join(" ")}`,
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "ProtectProc=invisible",
    "RemoveIPC=yes",
  ];
}

function writtenFor(components: UnitOptions["components"]): readonly string[] {
  const mounts = components.flatMap((component) => (component.level === "microvm" ? component.mounts : []));
  return [...new Set(mounts.filter(({ writable }) => writable).map(({ path }) => quoted(`-${path}`)))];
}

/** An argument of a command line: there, and not in the program's path, systemd also expands `$`. */
function argument(word: string): string {
  return quoted(word).replaceAll("$", "$$$$");
}

/** One word of a setting: systemd expands `%` in it. */
function quoted(word: string): string {
  if (/[\x00-\x1f\x7f]/.test(word)) {
    throw new BulkheadError("PATH_UNUSABLE", {
      operation: "write unit",
      path: printable(word),
      detail: "it has a control character",
    });
  }
  const escaped = word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%");
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
