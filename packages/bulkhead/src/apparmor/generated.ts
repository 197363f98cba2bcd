import type { Plan } from "../plan/schema.js";
import type { Access } from "../policy/resolved.js";
import { compileProfile } from "./compile.js";
import { loadProfile, profileName } from "./loaded.js";
import { generatedProfile } from "./profile.js";

/** Of the profiles that were made for guests, what the kernel loads, until their sandbox has ended. */
const forGuests = new Map<string, Buffer>();

/** A plan that names a profile made of itself. */
export interface Confined {
  readonly plan: Plan;
  /** Held as long as the sandbox runs. */
  readonly profile: Disposable;
}

/**
 * Makes a profile of a workload's plan and, unless a guest's kernel is to have it, loads it into this one.
 * @throws BulkheadError APPARMOR_PARSER_MISSING, APPARMOR_FAILED (only root loads profiles)
 */
export async function generateProfile(plan: Plan, access: Access | null): Promise<Confined> {
  const name = plan.level === "microvm" ? `bulkhead-${plan.id}` : profileName(plan.id.replaceAll("-", ""));
  const compiled = await compileProfile(generatedProfile(name, plan, access));
  const named = { ...plan, apparmor: name };
  if (plan.level !== "microvm") return { plan: named, profile: loadProfile(name, compiled) };
  forGuests.set(name, compiled);
  return { plan: named, profile: { [Symbol.dispose]: () => void forGuests.delete(name) } };
}

/** What {@link generateProfile} made for a guest, by name. */
export function compiledProfile(name: string): Buffer | undefined {
  return forGuests.get(name);
}
