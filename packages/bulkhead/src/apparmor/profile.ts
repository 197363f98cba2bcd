import type { Plan } from "../plan/schema.js";
import type { Access } from "../policy/resolved.js";
import { quotedPath } from "./quote.js";

/** Capabilities that init needs besides the workload's, if it switches users: see `warden/front/src/compile.rs`. */
const OF_INIT = ["SETUID", "SETGID", "KILL", "SETPCAP"] as const;

/**
 * The part of a plan that AppArmor can express: files, capabilities, network, signals, ptrace. The profile has no rules
 * for mounts, other profiles or user namespaces, so AppArmor refuses these. Pure.
 */
export function generatedProfile(name: string, plan: Plan, access: Access | null): string {
  const writable = [...(access?.write ?? writablePlaces(plan)), "/dev/shm", "/dev/mqueue"];
  const read = access === null ? ["/"] : access.read;
  const execute = access === null ? ["/"] : access.execute;
  const rules = [
    // Init is executed from memory and receives its channel: a socket, or a port of a virtual machine.
    '"/memfd:*" rmix,',
    "/{,dev/}vport* rw,",
    "/{,dev/}{null,zero,full,random,urandom,tty,ptmx} rw,",
    "/dev/pts/{,*} rw,",
    "/proc/ r,",
    "/proc/** r,",
    ...read.flatMap((path) => below(path, "r")),
    ...(access?.list ?? []).map((path) => `${quotedPath(path === "/" ? "/" : `${path}/`)} r,`),
    ...execute.flatMap((path) => below(path, "rmix")),
    ...writable.flatMap((path) => below(path, "rwlk")),
    ...unexecutable(plan).map((path) => `deny ${quotedPath(`${path}/**`)} x,`),
    ...capabilitiesOf(plan).map((capability) => `capability ${capability.toLowerCase()},`),
    "unix,",
    ...(plan.namespaces.includes("net") ? ["network inet,", "network inet6,", "network netlink raw,"] : []),
    `signal (send, receive) peer=${name},`,
    "signal (receive) peer=unconfined,",
    `ptrace peer=${name},`,
    "ptrace (readby, tracedby) peer=unconfined,",
  ];
  const lines = [...new Set(rules)].map((rule) => `  ${rule}\n`).join("");
  return `profile ${name} flags=(attach_disconnected) {\n${lines}}\n`;
}

function writablePlaces({ root, mounts }: Plan): readonly string[] {
  const places = mounts.flatMap((mount) =>
    mount.kind === "tmpfs" || ((mount.kind === "bind" || mount.kind === "layers") && !mount.readOnly) ? [mount.at] : [],
  );
  return root.readOnly ? places : ["/", ...places];
}

function unexecutable({ mounts }: Plan): readonly string[] {
  return mounts.flatMap((mount) =>
    (mount.kind === "tmpfs" || mount.kind === "bind") && !mount.exec ? [mount.at] : [],
  );
}

function capabilitiesOf({ capabilities }: Plan): readonly string[] {
  return [...new Set([...OF_INIT, ...capabilities])].sort();
}

/** The path itself, as a file and as a directory, and everything below it. */
function below(path: string, how: string): readonly string[] {
  if (path === "/") return [`/ ${how.replace(/[mixlk]+/g, "")},`, `/** ${how},`];
  return [
    `${quotedPath(path)} ${how},`,
    `${quotedPath(`${path}/`)} ${how.replace(/[mixlk]+/g, "")},`,
    `${quotedPath(`${path}/**`)} ${how},`,
  ];
}
