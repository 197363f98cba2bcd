import type { BrokerLimits } from "../broker/messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Runtime } from "../levels/runtime.js";
import type { ResolvedPolicy, ResolvedResources } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";

/** A policy that this broker would not refuse for its defaults, and what was lowered for that, a line each. */
export interface WithinMaxima {
  readonly policy: ResolvedPolicy;
  readonly notes: readonly string[];
}

type Limited = Pick<ResolvedResources, "memoryBytes" | "pids" | "milliCpus">;

interface Field {
  readonly limit: keyof Limited;
  /** As in a policy's `resources`. */
  readonly name: "memory" | "pids" | "cpus";
  /** What a policy may ask for at least, and in what steps. */
  readonly least: number;
  readonly step: number;
  readonly said: (value: number) => string;
}

const MIB = 1024 * 1024;
const FIELDS: readonly Field[] = [
  { limit: "memoryBytes", name: "memory", least: 4 * MIB, step: MIB, said: (value) => `${Math.floor(value / MIB)}MiB` },
  { limit: "pids", name: "pids", least: 2, step: 1, said: String },
  { limit: "milliCpus", name: "cpus", least: 10, step: 1, said: (value) => String(value / 1000) },
];

/** The owner's maxima; undefined where the broker has none, as a private one. */
export function maximaOf(limits: BrokerLimits): BrokerLimits | undefined {
  return Object.values(limits).every((limit) => limit === null) ? undefined : limits;
}

/**
 * Lowers what the policy does not say itself to what the broker's owner allows, with room for the wall of its level.
 * @throws BulkheadError LIMIT_ABOVE_MAXIMUM for what the policy says itself, with the field and the maximum
 */
export async function withinMaxima(
  given: Policy,
  resolved: ResolvedPolicy,
  limits: BrokerLimits,
  wall: Runtime["wallLimits"],
): Promise<WithinMaxima> {
  const maxima = maximaOf(limits);
  if (maxima === undefined) return { policy: resolved, notes: [] };
  let resources = resolved.resources;
  const notes: string[] = [];
  for (const { limit, name, least, step, said } of FIELDS) {
    const maximum = maxima[limit];
    if (maximum === null) continue;
    const needed = async (value: number) => {
      const asked = { ...resources, [limit]: value };
      return (await wall?.(asked))?.[limit] ?? value;
    };
    const asked = resources[limit];
    if ((await needed(asked)) <= maximum) continue;
    const most = await largest(least, step, maximum, needed);
    if (given.resources?.[name] !== undefined || most === undefined) {
      const bound = most === undefined ? "less than this level needs" : `${said(most)} at this level`;
      const detail = `resources.${name}: ${said(asked)} is above the maximum of the broker's owner (${said(maximum)} for a sandbox with its wall: ${bound})`;
      throw new BulkheadError("LIMIT_ABOVE_MAXIMUM", { operation: "check policy", detail });
    }
    resources = { ...resources, [limit]: most };
    notes.push(
      `resources.${name}: the default of ${said(asked)} is above the maximum of the broker's owner, so it is ${said(most)}`,
    );
  }
  return { policy: { ...resolved, resources }, notes };
}

/** The most that still fits; what the wall needs only grows with it. */
async function largest(
  least: number,
  step: number,
  maximum: number,
  needed: (value: number) => Promise<number>,
): Promise<number | undefined> {
  if ((await needed(least)) > maximum) return undefined;
  let fits = 0;
  let above = Math.floor((maximum - least) / step) + 1;
  while (above - fits > 1) {
    const middle = Math.floor((fits + above) / 2);
    if ((await needed(least + middle * step)) <= maximum) fits = middle;
    else above = middle;
  }
  return least + fits * step;
}
