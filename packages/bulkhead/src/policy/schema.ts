import * as z from "zod/mini";
import { MAX_ID } from "../contract/generated/plan-constants.js";
import { LEVELS } from "./level.js";
import { PROTECTIONS } from "./protections.js";
import { access, files } from "./schema/files.js";
import { images } from "./schema/images.js";
import { hosts, network, secrets, syscalls, tcp } from "./schema/network.js";
import { resources } from "./schema/resources.js";
import { capability, whole, workdirPath } from "./schema/values.js";

const USER = /^(\d{1,5}(:\d{1,5})?|[a-z_][a-z0-9_-]{0,31})$/;
const USER_RULE = `a uid up to ${MAX_ID}, "uid:gid", or a user's name`;
const SELINUX = /^[A-Za-z0-9._,-]+:[A-Za-z0-9._,-]+:[A-Za-z0-9._,-]+(:[A-Za-z0-9._,:-]+)?$/;
const ENV_NAME = /^[^=\0]{1,256}$/;

/**
 * The document that a person writes. Every field is optional; unknown ones are refused. Each schema is built on demand:
 * a command line that names one field would spend more time on building the others than on everything else in its
 * policy.
 */
const fields = {
  comment: () => z.optional(z.string().check(z.maxLength(4096))),
  image: () => z.optional(rootName()),
  images: () => z.optional(images()),
  root: () => z.optional(rootName()),
  writable: () => z.optional(z.boolean()),
  level: () =>
    z.optional(
      z.union([z.enum(["auto", ...LEVELS]), z.strictObject({ min: z.enum(LEVELS) })], {
        error: `auto, ${LEVELS.join(", ")}, or { min: LEVEL }`,
      }),
    ),
  trust: () => z.optional(z.enum(["first-party", "third-party", "hostile"])),
  user: () => z.optional(z.union([whole(0, MAX_ID), z.string().check(z.regex(USER, USER_RULE))], { error: USER_RULE })),
  workdir: () => z.optional(workdirPath()),
  env: () =>
    z.optional(
      z.record(
        z.string().check(z.regex(ENV_NAME, "without = and at most 256 characters")),
        z.union([envText(), z.number()], { error: "a string" }),
      ),
    ),
  files: () => z.optional(files()),
  access: () => z.optional(access()),
  tcp: () => z.optional(tcp()),
  network: () => z.optional(network()),
  hosts: () => z.optional(hosts()),
  secrets: () => z.optional(secrets()),
  syscalls: () => z.optional(syscalls()),
  capabilities: () => z.optional(z.array(capability())),
  resources: () => z.optional(resources()),
  require: () => z.optional(z.array(z.enum(PROTECTIONS))),
  hostname: () =>
    z.optional(z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "1 to 63 of a-z, 0-9 and -"))),
  apparmor: () =>
    z.optional(
      z
        .string()
        .check(
          z.regex(/^(?!unconfined$)[A-Za-z0-9._-]{1,100}$/, "generated, or the name of a loaded AppArmor profile"),
        ),
    ),
  selinux: () => z.optional(z.string().check(z.maxLength(255), z.regex(SELINUX, "a label: USER:ROLE:TYPE[:RANGE]"))),
};

type Fields = { readonly [Name in keyof typeof fields]: ReturnType<(typeof fields)[Name]> };
type Schema = z.ZodMiniObject<Fields, z.core.$strict>;

/** A policy as a person writes it: see `docs/policy.md`. `{}` is a policy. */
export type Policy = z.input<Schema>;

/** A policy that the schema accepted: units are numbers, but defaults are not filled in. */
export type CheckedPolicy = z.output<Schema>;

export const FIELD_NAMES = Object.keys(fields) as readonly (keyof Fields)[];

/** The schema of every policy. */
export function policySchema(): Schema {
  return schemaOf(FIELD_NAMES);
}

/** Checks a policy, or what claims to be one, as {@link policySchema} would: an absent field needs no schema. */
export function checkPolicy(policy: unknown): ReturnType<Schema["safeParse"]> {
  const isThere = (name: string) => typeof policy === "object" && policy !== null && name in policy;
  return schemaOf(FIELD_NAMES.filter(isThere)).safeParse(policy);
}

const built = new Map<keyof Fields, Fields[keyof Fields]>();

/**
 * The type is that of the whole schema: every field is optional, so a value that passes without the others would pass
 * with them.
 */
function schemaOf(names: readonly (keyof Fields)[]): Schema {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, fieldNamed(name)]))) as unknown as Schema;
}

/** The schema of one field. */
export function fieldNamed(name: keyof Fields): Fields[keyof Fields] {
  const field = built.get(name) ?? fields[name]();
  built.set(name, field);
  return field;
}

/** A name or a path; no path has NUL in it. */
function rootName() {
  return z.string().check(
    z.minLength(1),
    z.maxLength(4096),
    z.refine((text) => !text.includes("\0"), "a name or a path without NUL"),
  );
}

/** One string of an execve may not contain NUL, and the kernel accepts at most 128 KiB. */
function envText() {
  return z.string().check(z.refine((text) => !text.includes("\0") && text.length < 100_000, "a string without NUL"));
}
