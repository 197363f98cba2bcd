import * as z from "zod/mini";
import { LEVELS } from "./level.js";
import { PROTECTIONS } from "./protections.js";
import { files } from "./schema/files.js";
import { network, syscalls } from "./schema/network.js";
import { resources } from "./schema/resources.js";
import { capability, insidePath, whole } from "./schema/values.js";

const levelName = z.enum(LEVELS);
const USER = /^(\d{1,5}(:\d{1,5})?|[a-z_][a-z0-9_-]{0,31})$/;
const ENV_NAME = /^[^=\0]{1,256}$/;

/** One string of an execve may not hold NUL, and the kernel takes at most 128 KiB. */
const envText = z
  .string()
  .check(z.refine((text) => !text.includes("\0") && text.length < 100_000, "a string without NUL"));

/** The document that a person writes. Every field may be left out; unknown ones are refused. */
export const policySchema = z.strictObject({
  image: z.optional(z.string().check(z.minLength(1), z.maxLength(4096))),
  root: z.optional(z.string().check(z.minLength(1), z.maxLength(4096))),
  writable: z.optional(z.boolean()),
  level: z.optional(
    z.union([z.enum(["auto", ...LEVELS]), z.strictObject({ min: levelName })], {
      error: `auto, ${LEVELS.join(", ")}, or { min: LEVEL }`,
    }),
  ),
  trust: z.optional(z.enum(["first-party", "third-party", "hostile"])),
  user: z.optional(
    z.union([whole(0, 65_534), z.string().check(z.regex(USER))], {
      error: 'a uid up to 65534, "uid:gid", or a user\'s name',
    }),
  ),
  workdir: z.optional(insidePath),
  env: z.optional(
    z.record(
      z.string().check(z.regex(ENV_NAME, "without = and at most 256 characters")),
      z.union([envText, z.number()], { error: "a string" }),
    ),
  ),
  files: z.optional(files),
  network: z.optional(network),
  syscalls: z.optional(syscalls),
  capabilities: z.optional(z.array(capability)),
  resources: z.optional(resources),
  require: z.optional(z.array(z.enum(PROTECTIONS))),
  hostname: z.optional(z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "1 to 63 of a-z, 0-9 and -"))),
  apparmor: z.optional(
    z.string().check(z.regex(/^(?!unconfined$)[A-Za-z0-9._-]{1,100}$/, "the name of a loaded AppArmor profile")),
  ),
});

/** What a person writes: see `docs/policy.md`. `{}` is a policy. */
export type Policy = z.input<typeof policySchema>;

/** A policy that the schema accepted: units are numbers, nothing is filled in yet. */
export type CheckedPolicy = z.output<typeof policySchema>;
