import type { Plan } from "../plan/schema.js";
import type { Access } from "../policy/resolved.js";
import { compileProfile } from "./compile.js";
import { loadProfile, profileName } from "./loaded.js";
import { generatedProfile } from "./profile.js";

/** Compiled profiles for guests, until their sandbox has ended. */
const forGuests = new Map<string, Buffer>();

/** A plan with the profile that was generated from it. */
export interface Confined {
  readonly plan: Plan;
  /** Held while the sandbox runs. */
  readonly profile: Disposable;
}

/**
 * Generates a profile from a workload's plan and, unless it is for a guest's kernel, loads it into this one.
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

/** The profile that {@link generateProfile} compiled for a guest, by name. */
export function compiledProfile(name: string): Buffer | undefined {
  return forGuests.get(name);
}
