import * as z from "zod/mini";
import { hostPath } from "./values.js";

const WORD = /^[^\s\0]{1,1024}$/;

/** `registry/repository` with `*` for anything; a single name may omit the parts that Docker omits. */
function match() {
  return z
    .string()
    .check(z.refine((text) => WORD.test(text) && !text.includes("@"), "a repository, or a pattern with *"));
}

function word(said: string) {
  return z.string().check(z.refine((text) => WORD.test(text), said));
}

/** The signatures' repository, if the image is pulled from a mirror of it. */
function repository() {
  return z.optional(word("a repository"));
}

function byKey() {
  const key = hostPath();
  return z.strictObject({
    match: match(),
    key: z.union([key, z.array(key).check(z.minLength(1), z.maxLength(16))]),
    repository: repository(),
  });
}

function byIdentity() {
  const keyless = z.strictObject({
    identity: word("who signed: a mail address or a URL, with * for anything"),
    issuer: word("the URL of who vouched for the identity"),
    trustedRoot: hostPath(),
  });
  return z.strictObject({ match: match(), keyless, repository: repository() });
}

/** Who must have signed an image. The first rule that matches its name applies; without one the image is refused. */
export function images() {
  const unsigned = z.strictObject({ match: match(), unsigned: z.literal(true) });
  const rule = z.union([byKey(), byIdentity(), unsigned], {
    error: "{ match, key }, { match, keyless: { identity, issuer, trustedRoot } } or { match, unsigned: true }",
  });
  return z.strictObject({ verify: z.optional(z.array(rule).check(z.maxLength(64, "at most 64 rules"))) });
}
