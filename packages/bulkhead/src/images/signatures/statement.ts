import type { Bundle } from "@sigstore/bundle";
import * as z from "zod/mini";

/** cosign's predicate for a signed image; other predicates say other things about it (its contents, its builder). */
const SIGNED = "https://sigstore.dev/cosign/sign/v1";

const statementSchema = z.object({
  _type: z.enum(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  predicateType: z.literal(SIGNED),
  subject: z
    .array(z.object({ digest: z.object({ sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }) }))
    .check(z.minLength(1), z.maxLength(64)),
});

/** The digests that a bundle signs. Throws for a bundle that says anything else. */
export function readStatement({ content }: Bundle): readonly string[] {
  if (content.$case !== "dsseEnvelope") throw new TypeError("no statement");
  const { payload, payloadType } = content.dsseEnvelope;
  if (payloadType !== "application/vnd.in-toto+json") throw new TypeError("no statement");
  const { subject } = statementSchema.parse(JSON.parse(payload.toString("utf8")));
  return subject.map(({ digest }) => `sha256:${digest.sha256}`);
}
