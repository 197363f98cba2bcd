import { z } from "zod";
import type { Seccomp } from "../schema.js";

/** Built-in seccomp profiles: files of `warden/plan/profiles/`. */
const PROFILES = ["default", "strict", "sentry", "qemu", "firecracker"] as const;

/** Never 0: a call that does nothing and says it did it could keep init from giving up its rights. */
const errno = z.int().min(1).max(4095);

const action = z.union([z.enum(["killProcess", "killThread", "trap", "log", "allow"]), z.strictObject({ errno })]);

/** 64 bits, which a JSON number does not hold exactly everywhere. */
const word = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/);

const argument = z.strictObject({
  index: z.int().min(0).max(5),
  op: z.enum(["notEqual", "less", "lessOrEqual", "equal", "greaterOrEqual", "greater", "maskedEqual"]),
  value: word,
  valueTwo: word,
});

const rule = z.strictObject({
  names: z
    .array(z.string().regex(/^[a-z0-9_]{1,64}$/))
    .min(1)
    .max(1024),
  action,
  args: z.array(argument),
});

const custom = z.strictObject({ default: action, rules: z.array(rule).max(1024), log: z.boolean().default(false) });

export const seccomp = z.strictObject({
  profile: z.union([z.enum(PROFILES), custom]),
  denySetid: z.boolean(),
  unixSocketsOnly: z.boolean(),
  whiteouts: z.boolean().default(false),
});

type Field = readonly (string | number)[];

/** What the types cannot say of a profile of the policy's own. */
export function* profileMisfits(profile: Seccomp["profile"]): Generator<Field> {
  if (typeof profile === "string") return;
  for (const [index, { args }] of profile.rules.entries()) {
    for (const [at, { index: position, op, value, valueTwo }] of args.entries()) {
      const field = ["seccomp", "profile", "rules", index, "args", at] as const;
      if (args.slice(0, at).some((earlier) => earlier.index === position)) yield [...field, "index"];
      // A bit outside the mask could never be equal; a second value without a mask would mean nothing.
      const meaningful = op === "maskedEqual" ? BigInt(value) : 0n;
      if ((BigInt(valueTwo) & ~meaningful) !== 0n) yield [...field, "valueTwo"];
    }
  }
}
