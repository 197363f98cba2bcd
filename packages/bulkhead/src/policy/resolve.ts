import { resolve } from "node:path";
import { DEFAULT_HOSTNAME, DEFAULT_RESOURCES } from "./defaults.js";
import { resolveNetwork } from "./network/resolve.js";
import { resolveSecret } from "./network/secret.js";
import type {
  Access,
  FileChoice,
  ResolvedPolicy,
  ResolvedResources,
  RootChoice,
  UserChoice,
  VerifyRule,
} from "./resolved.js";
import type { CheckedPolicy } from "./schema.js";

/** Fills in every default of a policy that is valid and consistent. */
export function resolvePolicy(policy: CheckedPolicy, root: RootChoice, directory: string): ResolvedPolicy {
  return {
    root,
    verify: policy.images?.verify?.map((rule) => ruleOf(rule, directory)) ?? null,
    writableRoot: policy.writable ?? false,
    level: levelOf(policy.level),
    trust: policy.trust ?? null,
    user: userOf(policy.user),
    workdir: policy.workdir ?? null,
    env: Object.fromEntries(Object.entries(policy.env ?? {}).map(([name, value]) => [name, String(value)])),
    files: (policy.files ?? []).map((entry) => fileOf(entry, directory)),
    access: accessOf(policy.access),
    tcp:
      policy.tcp === undefined
        ? null
        : { bind: [...new Set(policy.tcp.bind ?? [])], connect: [...new Set(policy.tcp.connect ?? [])] },
    syscalls:
      typeof policy.syscalls === "object"
        ? { kind: "file", path: resolve(directory, policy.syscalls.profile) }
        : { kind: "built-in", name: policy.syscalls ?? "default" },
    network: resolveNetwork(policy.network),
    hosts: { ...policy.hosts },
    secrets: Object.entries(policy.secrets ?? {}).map(([name, secret]) => resolveSecret(name, secret, directory)),
    capabilities: [...new Set(policy.capabilities ?? [])].sort(),
    resources: resourcesOf(policy.resources ?? {}),
    require: [...new Set(policy.require ?? [])],
    hostname: policy.hostname ?? DEFAULT_HOSTNAME,
    apparmor: policy.apparmor ?? null,
    selinux: policy.selinux ?? null,
  };
}

type Rule = NonNullable<NonNullable<CheckedPolicy["images"]>["verify"]>[number];

function ruleOf(rule: Rule, directory: string): VerifyRule {
  const { match } = rule;
  if ("unsigned" in rule) return { match, repository: null, signer: { kind: "unsigned" } };
  const repository = rule.repository ?? null;
  if ("key" in rule) {
    const keys = [rule.key].flat().map((path) => resolve(directory, path));
    return { match, repository, signer: { kind: "keys", keys } };
  }
  const { identity, issuer, trustedRoot } = rule.keyless;
  const signer = { kind: "identity", identity, issuer, trustedRoot: resolve(directory, trustedRoot) } as const;
  return { match, repository, signer };
}

function levelOf(level: CheckedPolicy["level"]): ResolvedPolicy["level"] {
  if (level === undefined || level === "auto") return { exact: null, min: null };
  return typeof level === "string" ? { exact: level, min: null } : { exact: null, min: level.min };
}

/** An omitted list is empty, except `write`: a policy that says what may be read does not forbid all writing. */
function accessOf(access: CheckedPolicy["access"]): Access | null {
  if (access === undefined) return null;
  const once = (paths: readonly string[]) => [...new Set(paths)];
  return {
    read: once(access.read ?? []),
    list: once(access.list ?? []),
    write: access.write === undefined ? null : once(access.write),
    execute: once(access.execute ?? []),
  };
}

function userOf(user: CheckedPolicy["user"]): UserChoice {
  if (user === undefined) return { kind: "default" };
  if (typeof user === "string" && !/^\d/.test(user)) return { kind: "name", name: user };
  const [uid = 0, gid = uid] = String(user).split(":").map(Number);
  return { kind: "ids", uid, gid };
}

function fileOf(entry: NonNullable<CheckedPolicy["files"]>[number], directory: string): FileChoice {
  const exec = entry.exec ?? true;
  if ("tmpfs" in entry) return { kind: "tmpfs", at: entry.tmpfs, sizeBytes: entry.size ?? null, exec };
  const file = { source: resolve(directory, entry.host), at: entry.at, writable: entry.mode === "rw", exec };
  return { kind: "host", ...file, ...(entry.sockets === true ? { sockets: true } : {}) };
}

function resourcesOf(resources: NonNullable<CheckedPolicy["resources"]>): ResolvedResources {
  return {
    memoryBytes: resources.memory ?? DEFAULT_RESOURCES.memoryBytes,
    pids: resources.pids ?? DEFAULT_RESOURCES.pids,
    milliCpus: resources.cpus === undefined ? DEFAULT_RESOURCES.milliCpus : Math.round(resources.cpus * 1000),
    diskBytes: resources.disk ?? DEFAULT_RESOURCES.diskBytes,
    timeMs: resources.time === "none" ? null : resources.time,
    outputBytes: resources.output ?? DEFAULT_RESOURCES.outputBytes,
    openFiles: resources.openFiles ?? DEFAULT_RESOURCES.openFiles,
  };
}
