import { requireArguments } from "../../arguments/require.js";
import type { Mount, Plan, Seccomp } from "../../plan/schema.js";
import type { NetworkRule } from "../../policy/network/types.js";
import { parsePolicy } from "../../policy/parse.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Policy } from "../../policy/schema.js";
import { policyArgument } from "../../sandbox/options.js";
import { listChanges } from "./lists.js";
import { mountChanges } from "./mounts.js";
import { nameOf, written } from "./quantity.js";
import { profileChanges } from "./syscalls.js";

/** One changed field, as data and in words. */
export interface PlanChange {
  /** Such as `limits.memoryBytes`; for a value that is not in the plan, the policy's field: `network.allow`. */
  readonly field: string;
  /** Complete JSON; null if absent. */
  readonly before: string | null;
  readonly after: string | null;
  /** The difference in words: `memory 512 MiB → 256 MiB`, `- mkdir, - mkdirat`. */
  readonly changes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Random values that differ in every plan. */
const RANDOM: ReadonlySet<string> = new Set(["id", "inner.id"]);

/** The differences between two plans. Pure. */
export function comparePlans(before: Plan, after: Plan): readonly PlanChange[] {
  return changed(before, after, "", before.capabilities).filter(({ field }) => !RANDOM.has(field));
}

/**
 * The differences between two policies that no plan contains: time, output, network, names of variables and secrets.
 * Their values are left out.
 * @throws BulkheadError POLICY_INVALID
 */
export function comparePolicies(before: Policy, after: Policy): readonly PlanChange[] {
  requireArguments("comparePolicies", ["before", policyArgument, before], ["after", policyArgument, after]);
  return changed(beside(parsePolicy(before)), beside(parsePolicy(after)), "", []);
}

function beside({ resources, network, secrets, env, require }: ResolvedPolicy): Fields {
  const { allow, deny, limits, kind } = { allow: [], deny: [], limits: undefined, ...network };
  return {
    resources: { timeMs: resources.timeMs ?? null, outputBytes: resources.outputBytes },
    network: { kind, limits, allow: allow.map(ruleOf), deny: deny.map(ruleOf) },
    env: Object.keys(env),
    secrets: secrets.map(({ name, hosts }) => `${name} for ${hosts.map(({ text }) => text).join(" and ")}`),
    require,
  };
}

/** The rule as written; for one in object form, its host with the other fields. */
function ruleOf({ text, ports, protocol, methods, paths, private: inside, intercept }: NetworkRule): string {
  const ranges = ports.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(" ");
  const more = [
    protocol,
    methods?.join(" "),
    paths?.join(" "),
    inside ? "private" : null,
    intercept ? "intercepted" : null,
  ];
  return [`${text} (port ${ranges})`, ...more.filter((each) => each !== null && each !== undefined)].join(" ");
}

function changed(
  before: unknown,
  after: unknown,
  field: string,
  capabilities: readonly string[],
): readonly PlanChange[] {
  if (JSON.stringify(before ?? null) === JSON.stringify(after ?? null)) return [];
  const isWhole = field.endsWith("seccomp.profile");
  if (!isWhole && (isRecord(before) || isRecord(after)) && mayBeMissing(before) && mayBeMissing(after)) {
    const [one, other] = [before ?? {}, after ?? {}] as [Fields, Fields];
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((name) =>
      changed(one[name], other[name], field === "" ? name : `${field}.${name}`, capabilities),
    );
  }
  return [{ field, before: json(before), after: json(after), changes: words(before, after, field, capabilities) }];
}

function words(before: unknown, after: unknown, field: string, capabilities: readonly string[]): readonly string[] {
  const name = field.split(".").at(-1) ?? field;
  if (field.endsWith("seccomp.profile") && before !== undefined && after !== undefined) {
    // The plan is validated, so the type holds.
    return profileChanges(before as Seccomp["profile"], after as Seccomp["profile"], capabilities);
  }
  if (isList(before) || isList(after)) {
    const [one, other] = [isList(before) ? before : [], isList(after) ? after : []];
    return name === "mounts"
      ? mountChanges(one as readonly Mount[], other as readonly Mount[], (was, is) => fieldsOf(was, is, capabilities))
      : listChanges(one, other);
  }
  const change = `${written(name, before)} → ${written(name, after)}`;
  return [nameOf(name) === field ? change : `${nameOf(name)} ${change}`];
}

function fieldsOf(before: unknown, after: unknown, capabilities: readonly string[]): readonly string[] {
  return changed(before, after, "", capabilities).flatMap(({ changes }) => changes);
}

/** Missing and null values have no fields; other values that are not records are compared as a whole. */
function mayBeMissing(value: unknown): boolean {
  return value === undefined || value === null || isRecord(value);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
