import * as z from "zod/mini";

const uint = z.int().check(z.gte(0));
const text = z.string().check(z.maxLength(4096));
const names = z.array(z.string().check(z.maxLength(64))).check(z.maxLength(64));

/** What the broker can see of its host; the same document as `warden/plan/src/facts.rs`. */
export const factsSchema = z.strictObject({
  kernel: text,
  uid: uint,
  privileged: z.boolean(),
  callerUid: uint,
  callerGid: uint,
  namespaces: names,
  userns: z.strictObject({
    works: z.boolean(),
    errno: z.nullable(z.int()),
    apparmorRestricted: z.nullable(z.boolean()),
    unprivilegedClone: z.nullable(z.boolean()),
    maximum: z.nullable(z.number()),
  }),
  cgroup: z.strictObject({
    layout: z.enum(["v2", "v1", "hybrid", "none"]),
    version: z.union([z.literal(0), z.literal(1), z.literal(2)]),
    controllers: names,
    parent: z.nullable(text),
    why: z.nullable(text),
  }),
  seccompActions: names,
  landlockAbi: uint,
  apparmor: z.boolean(),
  selinux: z.boolean(),
  newMountApi: z.boolean(),
});

type DeepReadonly<T> = T extends object ? { readonly [Field in keyof T]: DeepReadonly<T[Field]> } : T;

/** See `warden/plan/src/facts.rs` for what each field says. */
export type Facts = DeepReadonly<z.output<typeof factsSchema>>;
