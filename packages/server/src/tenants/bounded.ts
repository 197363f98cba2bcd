import { createHash } from "node:crypto";
import { BulkheadError, type Policy } from "bulkhead";
import { DEFAULT_RESOURCES, isAtLeast, levelOf, parsePolicy, type ResolvedPolicy, RUN_TIME_MS } from "bulkhead/policy";
import type { Floor } from "./floor.js";
import { beyond } from "./reach.js";

/** A policy that the floor of its project admits. */
export interface BoundedPolicy {
  readonly policy: Policy;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly digest: string;
}

export interface BoundOptions {
  /** Whether the server's operator wrote the policy, as for a template. Host paths and images are the operator's. */
  readonly isTemplate: boolean;
  /** A `run` has a time limit of its own; a sandbox has its expiry. */
  readonly kind: "run" | "sandbox";
}

/** A tenant's fields, each with what its value must not be. A field that is not listed is refused. */
const TENANT_FIELDS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  ...Object.fromEntries(
    ["comment", "writable", "level", "trust", "user", "workdir", "env", "access", "tcp", "network", "hosts"].map(free),
  ),
  ...Object.fromEntries(["capabilities", "resources", "require", "hostname"].map(free)),
  root: (value) => (value === "base" ? undefined : "only `base`: a template may have another root"),
  syscalls: (value) => (typeof value === "string" ? undefined : "only `default` or `strict`, no file of the server"),
  files: (value) =>
    Array.isArray(value) && value.every((entry) => isRecord(entry) && "tmpfs" in entry && !("host" in entry))
      ? undefined
      : "only tmpfs: no path of the server",
  secrets: (value) =>
    isRecord(value) && Object.values(value).every((secret) => isRecord(secret) && typeof secret["value"] === "string")
      ? Object.values(value).some((secret) => isRecord(secret) && ("env" in secret || "file" in secret))
        ? NO_SERVER_SECRET
        : undefined
      : NO_SERVER_SECRET,
};

const NO_SERVER_SECRET = "only with `value`: no variable or file of the server";

/**
 * Bounds a policy by the floor: fills in what the policy leaves out, and refuses what goes beyond. The library compiles
 * the outcome, so that the same code decides for a tenant as for any caller.
 * @throws BulkheadError FLOOR_VIOLATED naming every field, POLICY_INVALID
 */
export function boundPolicy(given: Policy, floor: Floor, { isTemplate, kind }: BoundOptions): BoundedPolicy {
  if (!isTemplate) refuse(foreignFields(given));
  // Reports a policy that is invalid in itself, before anything is said about floors.
  parsePolicy(given);
  const policy = filledIn(given, floor, kind);
  const resolved = parsePolicy(policy);
  refuse(violations(policy, resolved, floor));
  const { memoryBytes, outputBytes } = resolved.resources;
  return { policy, memoryBytes, outputBytes, digest: digestOf(policy) };
}

function foreignFields(policy: unknown): readonly string[] {
  if (!isRecord(policy)) return [];
  return Object.entries(policy).flatMap(([name, value]) => {
    const check = Object.hasOwn(TENANT_FIELDS, name) ? TENANT_FIELDS[name] : undefined;
    const problem = check === undefined ? "a tenant's policy may not have it" : check(value);
    return value === undefined || problem === undefined ? [] : [`${name}: ${problem}`];
  });
}

/** Where the policy leaves a choice, the floor makes it. */
function filledIn(policy: Policy, floor: Floor, kind: BoundOptions["kind"]): Policy {
  const { resources = {}, level, require = [] } = policy;
  const { maxima } = floor;
  const lower = (name: keyof typeof DEFAULT_RESOURCES) => Math.min(DEFAULT_RESOURCES[name], maxima[name]);
  const time = kind === "run" ? { time: Math.min(RUN_TIME_MS, maxima.timeMs) } : {};
  return {
    ...policy,
    ...(isOpen(level) && !isAtLeast(levelOf(policy), floor.level) ? { level: { min: floor.level } } : {}),
    resources: {
      memory: lower("memoryBytes"),
      pids: lower("pids"),
      cpus: lower("milliCpus") / 1000,
      disk: lower("diskBytes"),
      output: lower("outputBytes"),
      openFiles: lower("openFiles"),
      ...time,
      ...resources,
    },
    require: [...new Set([...require, ...floor.require])],
  };
}

/** Whether a stronger level is still what the policy says. */
function isOpen(level: Policy["level"]): boolean {
  return typeof level !== "string" || level === "auto";
}

function violations(policy: Policy, { resources, network, capabilities, files }: ResolvedPolicy, floor: Floor) {
  const found: string[] = [];
  if (!isAtLeast(levelOf(policy), floor.level)) found.push(`level: at least ${floor.level}`);
  const rules = beyond(network, floor.network.allow);
  if (rules.length > 0) found.push(`network: the floor allows no ${rules.join(", ")}`);
  const allowed = new Set(floor.capabilities.map((name) => name.toUpperCase().replace(/^CAP_/, "")));
  const excess = capabilities.filter((name) => !allowed.has(name));
  if (excess.length > 0) found.push(`capabilities: the floor allows no ${excess.join(", ")}`);
  for (const [name, most] of Object.entries(floor.maxima) as [keyof Floor["maxima"], number][]) {
    const value = resources[name];
    // A sandbox without a time limit of its own ends when it expires.
    if (value === null || (value !== undefined && value > most)) found.push(`resources: ${name} is at most ${most}`);
  }
  const { diskBytes } = floor.maxima;
  if (files.some((file) => file.kind === "tmpfs" && (file.sizeBytes ?? 0) > diskBytes)) {
    found.push(`files: the size of a tmpfs is at most ${diskBytes}`);
  }
  return found;
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new BulkheadError("FLOOR_VIOLATED", { detail: problems.join("\n") });
}

/** Without the values of variables and secrets: a digest covering them would allow guessing them offline. */
function digestOf({ env = {}, secrets = {}, ...rest }: Policy): string {
  const named = { ...rest, env: Object.keys(env).sort(), secrets: Object.keys(secrets).sort() };
  return createHash("sha256").update(JSON.stringify(named)).digest("hex");
}

function free(name: string): readonly [string, () => undefined] {
  return [name, () => undefined];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
