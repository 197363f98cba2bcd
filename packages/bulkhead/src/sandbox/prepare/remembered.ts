import { isDeepStrictEqual } from "node:util";
import { Broker } from "../../broker/broker.js";
import type { Policy } from "../../policy/schema.js";
import { now } from "../../session/clock.js";
import type { HeldPolicy } from "./held.js";
import type { PrepareOptions } from "./options.js";

/** A policy as it was when it was compiled. Policies are plain data that their owner may modify in place. */
interface Remembered {
  readonly policy: Policy;
  readonly held: HeldPolicy;
  readonly until: number;
}

/** Number of policies to remember per broker: programs use few, but may create them from input. */
const MOST_REMEMBERED = 64;
/** Host files change owners and directories become links: only policies without any are remembered, and briefly. */
const REMEMBERED_MS = 2_000;

const remembered = new WeakMap<Broker, Map<string, Remembered>>();

/** The same policy, compiled recently, with another pin on its image. Undefined if it must be compiled. */
export async function recall(policy: Policy, options: PrepareOptions): Promise<HeldPolicy | undefined> {
  const broker = Broker.present(options.broker);
  if (broker === undefined) return undefined;
  const found = remembered.get(broker)?.get(keyOf(policy));
  // Compare the objects too: different ones can have the same JSON (NaN and null, a Date and a string).
  const same = found !== undefined && found.until > now() && isDeepStrictEqual(found.policy, policy);
  if (!same) return undefined;
  const { held } = found;
  if (held.again === undefined) return held;
  const pin = await held.again(options.images ?? {});
  return pin === undefined ? undefined : { ...held, pin };
}

export function remember(policy: Policy, held: HeldPolicy): void {
  const policies = remembered.get(held.broker) ?? new Map<string, Remembered>();
  remembered.set(held.broker, policies);
  if (policies.size >= MOST_REMEMBERED) policies.clear();
  policies.set(keyOf(policy), { policy, held, until: now() + REMEMBERED_MS });
}

/** A value without JSON is not a valid policy and is never remembered. */
function keyOf(policy: Policy): string {
  try {
    return JSON.stringify(policy) ?? "";
  } catch {
    return "";
  }
}
