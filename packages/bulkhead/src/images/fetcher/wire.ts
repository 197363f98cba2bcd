import * as z from "zod/mini";
import { digest } from "../documents/oci.js";

/** Messages between the library and the fetcher. Each checks the form of the other's. */

/** The helper's kind, which is its script's name. */
export const FETCHER = "fetcher";

const count = z.number().check(z.int(), z.gte(0));
const text = z.string().check(z.maxLength(4096));
const optional = z.optional(text);

export const openSchema = z.strictObject({
  name: z.strictObject({ registry: text, repository: text, tag: optional, digest: z.optional(digest) }),
  settings: z.strictObject({
    insecure: z.array(text),
    tokenServers: z.array(text),
    proxy: z.strictObject({ https: optional, http: optional, none: z.optional(z.string()) }),
    timing: z.strictObject({
      headMs: z.number(),
      paceMs: z.number(),
      paceBytes: z.number(),
      tries: z.number(),
      waitMs: z.number(),
      longestWaitMs: z.number(),
      parallel: z.number(),
    }),
  }),
});
export type Opening = z.output<typeof openSchema>;

export const manifestSchema = z.strictObject({ reference: z.string().check(z.maxLength(256)) });
export const referrersSchema = z.strictObject({ digest });
export const documentSchema = z.strictObject({ digest, maximum: count });
export const blobSchema = z.strictObject({ digest, sizeBytes: count, offset: count });

/** Type of a manifest, whose bytes follow. */
export const mediaTypeSchema = z.strictObject({ mediaType: z.nullable(z.string().check(z.maxLength(256))) });

/** The fetcher's requests to the library. */
export const rootsSchema = z.array(z.string());
export const hostSchema = z.strictObject({ host: z.string().check(z.maxLength(256)) });
export const certificatesSchema = z.strictObject({
  authorities: z.array(z.string()),
  clients: z.array(z.strictObject({ cert: z.string(), key: z.string() })),
});
export const credentialsSchema = z.nullable(
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("password"), username: z.string(), password: z.string() }),
    z.strictObject({ kind: z.literal("identity"), token: z.string() }),
  ]),
);
