import type { BrokerLimits } from "../broker/messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Runtime } from "../levels/runtime.js";
import type { ResolvedPolicy, ResolvedResources } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";

/** A policy whose defaults this broker accepts, and one line for each default that was lowered. */
export interface WithinMaxima {
  readonly policy: ResolvedPolicy;
  readonly notes: readonly string[];
}

type Limited = Pick<ResolvedResources, "memoryBytes" | "pids" | "milliCpus">;

interface Field {
  readonly limit: keyof Limited;
  /** As in a policy's `resources`. */
  readonly name: "memory" | "pids" | "cpus";
  /** Smallest value a policy may ask for, and the step between values. */
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

/** The owner's maxima; undefined for a broker without any, such as a private one. */
export function maximaOf(limits: BrokerLimits): BrokerLimits | undefined {
  return Object.values(limits).every((limit) => limit === null) ? undefined : limits;
}

/**
 * Lowers each default of the policy to the maximum that the broker's owner allows, minus what the level's own processes
 * need.
 * @throws BulkheadError LIMIT_ABOVE_MAXIMUM for a value that the policy states itself, with the field and the maximum
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

/** Finds the largest value that still fits; the wall's own need only grows with it. */
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
