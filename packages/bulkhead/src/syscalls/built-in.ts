import { readFileSync } from "node:fs";
import { join } from "node:path";
import { profilesPath } from "../host/locate.js";

/** Names of the profiles that a policy can ask for. */
export const BUILT_IN = ["default", "strict"] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

/** One of our profiles: `warden/plan/src/profile.rs` describes each field. */
export interface Profile {
  readonly name: string;
  readonly allow: readonly Allowed[];
  readonly deny: readonly Named[];
  readonly absent: readonly Named[];
  readonly capabilities: Readonly<Record<string, { readonly allow?: readonly Allowed[] }>>;
}

interface Named {
  readonly why: string;
  readonly names: readonly string[];
}

export interface Allowed extends Named {
  readonly when?: readonly (readonly Condition[])[];
  /** The errno of a call that no condition of `when` allows; the first match counts, and `else` if none does. */
  readonly refuse?: readonly { readonly errno: string; readonly when: readonly (readonly Condition[])[] }[];
  readonly else?: "EPERM" | "EAFNOSUPPORT";
}

/** About the lower half of an argument; numbers are written `0x…`. */
export interface Condition {
  readonly arg: number;
  readonly mask?: string;
  readonly in?: Readonly<Record<string, string>>;
  readonly notIn?: Readonly<Record<string, string>>;
}

/** Reads one of our own profiles. */
export function builtInProfile(name: BuiltIn): Profile {
  return JSON.parse(readFileSync(join(profilesPath(), `${name}.json`), "utf8")) as Profile;
}
