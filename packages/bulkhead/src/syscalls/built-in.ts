import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Names of the profiles that a policy can ask for. */
export const BUILT_IN = ["default", "strict"] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

/** A profile of ours: `warden/plan/src/profile.rs` says what each field means. */
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
  readonly else?: "EPERM" | "EAFNOSUPPORT";
}

/** Of the lower half of an argument; numbers are written `0x…`. */
export interface Condition {
  readonly arg: number;
  readonly mask?: string;
  readonly in?: Readonly<Record<string, string>>;
  readonly notIn?: Readonly<Record<string, string>>;
}

/** Reads one of our own profiles: from beside the bundle, or in a checkout from where the warden is built. */
export function builtInProfile(name: BuiltIn): Profile {
  return JSON.parse(readFileSync(join(directory(), `${name}.json`), "utf8")) as Profile;
}

function directory(): string {
  for (let above = import.meta.dirname; dirname(above) !== above; above = dirname(above)) {
    const found = [join(above, "profiles"), join(above, "warden/plan/profiles")].find((path) =>
      existsSync(join(path, "default.json")),
    );
    if (found !== undefined) return found;
  }
  return import.meta.dirname;
}
