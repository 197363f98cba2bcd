import { isDeepStrictEqual } from "node:util";
import type { ComponentSpec, ServiceSpec } from "../model.js";
import type { Fingerprint } from "./fingerprint.js";

/** What happens to one component when another file comes into force. */
export interface Change {
  readonly component: string;
  readonly action: "start" | "stop" | "restart" | "keep";
  /** What differs, such as `policy.resources` or `files on the host`; empty for `keep`. */
  readonly why: readonly string[];
}

/** Fingerprints of both sides, by component. */
export interface Fingerprints {
  readonly before: ReadonlyMap<string, Fingerprint>;
  readonly now: ReadonlyMap<string, Fingerprint>;
}

export function changesBetween(before: ServiceSpec, after: ServiceSpec, prints: Fingerprints): readonly Change[] {
  const old = new Map(before.components.map((component) => [component.name, component]));
  const names = new Set(after.components.map(({ name }) => name));
  const gone = before.components
    .filter(({ name }) => !names.has(name))
    .map(({ name }): Change => ({ component: name, action: "stop", why: ["removed from the file"] }));
  const others = after.components.map((component): Change => {
    const { name } = component;
    const previous = old.get(name);
    if (previous === undefined) return { component: name, action: "start", why: ["new in the file"] };
    const channels = (spec: ServiceSpec) => spec.channels.filter(({ consumer }) => consumer === name);
    const why = [
      ...differences(previous, component),
      ...(isDeepStrictEqual(channels(before), channels(after)) ? [] : ["uses"]),
      ...printDifferences(prints.before.get(name), prints.now.get(name)),
    ];
    return { component: name, action: why.length === 0 ? "keep" : "restart", why };
  });
  return [...gone, ...others];
}

/** Fields that a running component need not be restarted for. */
const IN_PLACE: ReadonlySet<string> = new Set(["listen", "after", "restart", "stop", "logs", "offers", "mounts"]);

function differences(before: ComponentSpec, after: ComponentSpec): readonly string[] {
  const fields = Object.keys(after) as (keyof ComponentSpec)[];
  return fields.flatMap((field) => {
    if (IN_PLACE.has(field) || isDeepStrictEqual(before[field], after[field])) return [];
    return field === "policy" ? policyDifferences(before.policy, after.policy) : [field];
  });
}

function policyDifferences(before: object, after: object): readonly string[] {
  const [one, other] = [before, after] as readonly Readonly<Record<string, unknown>>[];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(one?.[name], other?.[name])).map((name) => `policy.${name}`);
}

function printDifferences(before: Fingerprint | undefined, now: Fingerprint | undefined): readonly string[] {
  if (before === undefined || now === undefined) return [];
  return [
    ...(before.files === now.files && now.files !== null ? [] : ["files on the host"]),
    ...(before.image === now.image ? [] : ["image"]),
  ];
}
