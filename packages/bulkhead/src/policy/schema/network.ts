import * as z from "zod/mini";
import { hostPath } from "./values.js";

/** The shape of what is to come is accepted, so that it can be refused by name: only `none` works so far. */
export function network() {
  const destinations = z.array(z.string().check(z.minLength(1), z.maxLength(255)));
  return z.union(
    [z.enum(["none", "full"]), z.strictObject({ allow: z.optional(destinations), deny: z.optional(destinations) })],
    { error: 'none, full, or { allow: ["host:port"], deny: […] }' },
  );
}

export function syscalls() {
  return z.union([z.enum(["default", "strict"]), z.strictObject({ profile: hostPath() })], {
    error: "default, strict, or { profile: FILE }",
  });
}
