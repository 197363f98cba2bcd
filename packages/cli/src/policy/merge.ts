import type { Policy } from "bulkhead";
import type { MountFlag, PolicyFlags, TmpfsFlag } from "./flags.js";
import { mergeNetwork } from "./network-flags.js";

type Files = NonNullable<Policy["files"]>;

/**
 * Merges flags into a policy: single fields replace, lists and maps are appended. Values are as typed and are validated
 * with the policy, so their types are only claims.
 */
export function mergeFlags(policy: Policy, flags: PolicyFlags): Policy {
  const { image, root, ...rest } = policy;
  // A root on the command line replaces either field that a file may use for one.
  const roots =
    flags.image === undefined && flags.root === undefined
      ? { image, root }
      : { image: flags.image, root: rootFlag(flags.root) };
  const merged = {
    ...rest,
    ...roots,
    images: flags.verifyKey === undefined ? policy.images : { verify: [{ match: "*", key: flags.verifyKey }] },
    level: flags.level ?? (flags.atLeast === undefined ? policy.level : { min: flags.atLeast }),
    trust: flags.trust ?? policy.trust,
    writable: flags.writable ?? policy.writable,
    workdir: flags.workdir ?? policy.workdir,
    user: flags.user ?? policy.user,
    hostname: flags.hostname ?? policy.hostname,
    syscalls: syscallsFlag(flags.syscalls) ?? policy.syscalls,
    apparmor: flags.apparmor ?? policy.apparmor,
    selinux: flags.selinux ?? policy.selinux,
    env: together(policy.env, flags.env),
    files: mergeFiles(policy.files, [...(flags.mount ?? []), ...(flags.tmpfs ?? [])]),
    network: mergeNetwork(policy.network, flags),
    secrets: together(policy.secrets, flags.secret),
    capabilities: appended(policy.capabilities, flags.cap),
    require: appended(policy.require, flags.require),
    resources: together(policy.resources, resourceFlags(flags)),
  };
  return withoutUndefined(merged) as Policy;
}

/** Whether `--syscalls` names a profile that needs no file. */
export function isBuiltIn(syscalls: string): boolean {
  return syscalls === "default" || syscalls === "strict";
}

function syscallsFlag(syscalls: string | undefined): unknown {
  return syscalls === undefined || isBuiltIn(syscalls) ? syscalls : { profile: syscalls };
}

/** On a command line a bare word that is no keyword is the directory that completion offered. */
function rootFlag(root: string | undefined): string | undefined {
  if (root === undefined || /^(base|host)$|^[./]|^(oci|docker-archive):/.test(root)) return root;
  return root.includes("/") ? `./${root}` : root;
}

function resourceFlags(flags: PolicyFlags): Readonly<Record<string, unknown>> | undefined {
  const fields = withoutUndefined({
    memory: flags.memory,
    cpus: numeric(flags.cpus),
    pids: numeric(flags.pids),
    disk: flags.disk,
    openFiles: numeric(flags.openFiles),
    time: flags.timeout,
    output: flags.maxOutput,
  });
  return Object.keys(fields).length === 0 ? undefined : fields;
}

/** Text that is not a number stays as it is, for the policy's check to name. */
function numeric(value: string | undefined): number | string | undefined {
  return value !== undefined && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

/** A flag replaces the file's mount at the same path. */
function mergeFiles(given: Files | undefined, flags: readonly (MountFlag | TmpfsFlag)[]): Files | undefined {
  if (flags.length === 0 || !(given === undefined || Array.isArray(given))) return given;
  const places = new Set(flags.map(placeOf));
  return [...(given ?? []).filter((entry) => !places.has(placeOf(entry))), ...flags];
}

function placeOf(entry: Files[number]): unknown {
  return "tmpfs" in entry ? entry.tmpfs : entry.at;
}

function appended(
  given: readonly unknown[] | undefined,
  flags: readonly string[] | undefined,
): readonly unknown[] | undefined {
  return flags === undefined ? given : [...(Array.isArray(given) ? given : []), ...flags];
}

function together(given: object | undefined, flags: object | undefined): object | undefined {
  return flags === undefined ? given : { ...given, ...flags };
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
