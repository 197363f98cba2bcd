import { SOCKETS_ABI, TCP_ABI } from "../../host/landlock.js";
import type { Mount, Plan } from "../schema.js";
import { profileMisfits } from "./seccomp.js";
import { isDistinct, isWithin } from "./text.js";

/** What a field alone cannot say. Yields the path of each field that does not fit the others. */
export function* misfits(plan: Plan): Generator<readonly (string | number)[]> {
  if (!namespacesFit(plan)) yield ["namespaces"];
  if (plan.reservedAddresses && !plan.namespaces.includes("net")) yield ["reservedAddresses"];
  if (!isDistinct(plan.user.groups)) yield ["user", "groups"];
  if (!overlayFits(plan)) yield ["root", "overlay"];
  if (plan.root.source.kind === "layers" && !isDistinct(plan.root.source.layers)) yield ["root", "source", "layers"];
  if (plan.root.source.kind !== "empty" && isMaker(plan.root.source)) yield ["root", "source", "owner", "maker"];
  if (plan.root.source.kind !== "empty" && isOptional(plan.root.source)) yield ["root", "source", "owner", "optional"];
  yield* mountMisfits(plan);
  yield* limitMisfits(plan);
  yield* profileMisfits(plan.seccomp.profile);
  yield* landlockMisfits(plan);
  yield* capabilityMisfits(plan);
  yield* payloadMisfits(plan);
}

function namespacesFit({ namespaces, level, seccomp }: Plan): boolean {
  const has = (name: Plan["namespaces"][number]) => namespaces.includes(name);
  const always = has("mount") && has("pid") && has("ipc") && (has("net") || seccomp.unixSocketsOnly);
  const byLevel = level === "chroot" ? !has("uts") : has("user") && has("uts");
  return always && byLevel && isDistinct(namespaces);
}

function overlayFits({ root }: Plan): boolean {
  return root.source.kind === "empty" ? root.overlay === null : root.readOnly || root.overlay !== null;
}

function* mountMisfits({ mounts, root, seccomp, payload, level }: Plan): Generator<readonly (string | number)[]> {
  for (const [index, mount] of mounts.entries()) {
    if (mounts.slice(0, index).some((earlier) => hides(mount, earlier))) yield ["mounts", index, "at"];
    if (mount.kind === "symlink" && root.source.kind !== "empty") yield ["mounts", index, "kind"];
    if (mount.kind === "layers" && !isDistinct(mount.layers)) yield ["mounts", index, "layers"];
    // Only runsc writes there: the id maps of its own children.
    if (mount.kind === "proc" && mount.writable && level !== "gvisor") yield ["mounts", index, "writable"];
    if (mount.kind === "device") {
      // For the program that makes a wall of it, never for a workload; and made in a /dev that is there already.
      const made = mounts.slice(0, index).some(({ kind }) => kind === "dev");
      if (mount.at !== mount.path || !made || payload.kind !== "program") yield ["mounts", index, "path"];
    }
    if ((mount.kind === "bind" || mount.kind === "layers") && isMaker(mount)) {
      const writable = mount.kind === "bind" && !mount.readOnly;
      if (!writable || level !== "gvisor") yield ["mounts", index, "owner", "maker"];
    }
    if ((mount.kind === "bind" && !mount.readOnly) || mount.kind === "layers") {
      if (isOptional(mount)) yield ["mounts", index, "owner", "optional"];
    }
    if (mount.kind !== "bind" || mount.readOnly) continue;
    // A set-user-id file made here would be one on the host; and what root owns on the host is not for a workload to write.
    if (!seccomp.denySetid) yield ["seccomp", "denySetid"];
    if (mount.owner === null) continue;
    if ("range" in mount.owner && mount.owner.range === 0) yield ["mounts", index, "owner", "range"];
    if ("hostUid" in mount.owner && mount.owner.hostUid === 0) yield ["mounts", index, "owner", "hostUid"];
  }
  const kinds = mounts.map(({ kind }) => kind);
  if (!kinds.includes("proc") || !kinds.includes("dev")) yield ["mounts"];
}

function isMaker({ owner }: Pick<Extract<Mount, { kind: "bind" }>, "owner">): boolean {
  return owner !== null && "maker" in owner && owner.maker === true;
}

function isOptional({ owner }: Pick<Extract<Mount, { kind: "bind" }>, "owner">): boolean {
  return owner !== null && "optional" in owner && owner.optional === true;
}

/** Two mounts in one place leave open which counts. And a mount hides what was mounted below it: a mask would be without effect. */
function hides(mount: Mount, earlier: Mount): boolean {
  return earlier.at === mount.at || (earlier.kind === "mask" && isWithin(earlier.at, mount.at));
}

/** Where no cgroup limits it, an rlimit must. */
function* limitMisfits({ limits, cgroup }: Plan): Generator<readonly (string | number)[]> {
  const { controllers } = cgroup;
  if (!isDistinct(controllers) || (cgroup.version === 0 && controllers.length > 0)) yield ["cgroup", "controllers"];
  if (!controllers.includes("memory") && limits.addressSpaceBytes === null) yield ["limits", "addressSpaceBytes"];
  if (!controllers.includes("pids") && limits.processes === null) yield ["limits", "processes"];
}

function* landlockMisfits({ landlock, root }: Plan): Generator<readonly (string | number)[]> {
  if (landlock === null) return;
  for (const [index, path] of landlock.writable.entries()) {
    const kernel = ["/proc", "/sys", "/dev"].some((tree) => isWithin(path, tree));
    if ((kernel && path !== "/dev/shm") || (path === "/" && root.readOnly)) yield ["landlock", "writable", index];
  }
  if (!isDistinct(landlock.writable)) yield ["landlock", "writable"];
  if (landlock.tcp !== null && landlock.abi < TCP_ABI) yield ["landlock", "tcp"];
  const unruled = landlock.sockets.length > 0 && landlock.abi < SOCKETS_ABI;
  if (unruled || !isDistinct(landlock.sockets)) yield ["landlock", "sockets"];
  for (const list of ["bind", "connect"] as const) {
    if (!isDistinct(landlock.tcp?.[list] ?? [])) yield ["landlock", "tcp", list];
  }
  for (const list of ["read", "list", "execute"] as const) {
    if (!isDistinct(landlock.access?.[list] ?? [])) yield ["landlock", "access", list];
  }
}

const FOR_RUNSC: ReadonlySet<string> = new Set(["SYS_ADMIN", "SYS_PTRACE"]);

function* capabilityMisfits({ capabilities, level, namespaces }: Plan): Generator<readonly (string | number)[]> {
  for (const [index, name] of capabilities.entries()) {
    if (FOR_RUNSC.has(name) && level !== "gvisor") yield ["capabilities", index];
  }
  const possible = level !== "chroot" && namespaces.includes("user");
  if (capabilities.length > 0 && !(possible && isDistinct(capabilities))) yield ["capabilities"];
}

/** Our init is what the broker itself makes a wall around; the other walls are made by a program. */
function* payloadMisfits({ payload, level, inner }: Plan): Generator<readonly string[]> {
  const jail = level === "gvisor" || level === "microvm";
  if ((payload.kind === "program") !== jail) yield ["payload", "kind"];
  if (inner !== null && level !== "microvm") yield ["inner"];
}
