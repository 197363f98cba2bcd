import { type Check, check } from "../../arguments/check.js";
import { abortSignal, hostPath, isRecord, object, whole } from "../../arguments/values.js";
import type { ImageOptions } from "../../images/options.js";
import type { Policy } from "../../policy/schema.js";
import type { NetworkPolicy } from "../network.js";
import { policyArgument } from "../options.js";
import type { BrokerOptions } from "../prepare.js";

/** How a sandbox goes on from a snapshot. */
export interface RestoreOptions extends BrokerOptions {
  /**
   * What `snapshot()` returned: then what runs inside is what ran when it was taken. Without it the machine in the directory may be anybody's, and
   * what only its own kernel enforces is not said to be enforced.
   */
  readonly digest?: string;
  /** The policy that it must have been made with. Default: the one that the snapshot names. */
  readonly policy?: Policy;
  /** Where the store of images is. Nothing is pulled. */
  readonly images?: Pick<ImageOptions, "store">;
  /** Gives up; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

type Images = NonNullable<RestoreOptions["images"]>;
const images = object<Images>({ store: hostPath });

export const restoreOptions: Check<RestoreOptions> = object<RestoreOptions>({
  digest: check<string>(
    (value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value),
    "the digest that `snapshot` returned, sha256:…",
  ),
  policy: policyArgument,
  images,
  broker: hostPath,
  signal: abortSignal,
});

export type ForkOptions = Pick<RestoreOptions, "broker" | "images" | "signal">;
export const forkOptions: Check<ForkOptions> = object<ForkOptions>({ images, broker: hostPath, signal: abortSignal });

/** Each is a machine. */
export const copyCount: Check<number> = whole(1, 1024);

/** What is in it, the policy's schema judges. */
export const networkArgument: Check<NetworkPolicy> = check(
  (value) => typeof value === "string" || (isRecord(value) && !Array.isArray(value)),
  'an object, such as { allow: ["example.org:443"] }',
);
