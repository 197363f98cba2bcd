import * as z from "zod/mini";

const destination = z.string().check(z.minLength(1), z.maxLength(255));

/** The shape of what is to come is accepted, so that it can be refused by name: only `none` works so far. */
export const network = z.union(
  [
    z.enum(["none", "full"]),
    z.strictObject({ allow: z.optional(z.array(destination)), deny: z.optional(z.array(destination)) }),
  ],
  { error: 'none, full, or { allow: ["host:port"], deny: […] }' },
);

export const syscalls = z.union([z.enum(["default", "strict"]), z.strictObject({ profile: z.string() })], {
  error: "default, strict, or { profile: FILE }",
});
