import { type Check, check } from "../../arguments/check.js";
import { abortSignal, hostPath, isRecord, object, whole } from "../../arguments/values.js";
import type { BrokerOptions } from "../../broker/options.js";
import type { ImageOptions } from "../../images/options.js";
import type { Policy } from "../../policy/schema.js";
import type { NetworkPolicy } from "../network.js";
import { policyArgument } from "../options.js";

/** Options for restoring a snapshot. */
export interface RestoreOptions extends BrokerOptions {
  /**
   * The digest that `snapshot()` returned. It proves that the restored machine is the one that was saved. Without it
   * the machine in the directory may be anyone's, and the table does not call enforced what only the guest's kernel
   * enforces.
   */
  readonly digest?: string;
  /** The policy that the snapshot must have been taken with. Default: the policy in the snapshot. */
  readonly policy?: Policy;
  /** Location of the image store. Nothing is pulled. */
  readonly images?: Pick<ImageOptions, "store">;
  /** Cancels; the promise rejects with ABORTED. */
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

/** Each copy is a machine. */
export const copyCount: Check<number> = whole(1, 1024);

/** The policy's schema checks its fields. */
export const networkArgument: Check<NetworkPolicy> = check(
  (value) => typeof value === "string" || (isRecord(value) && !Array.isArray(value)),
  'an object, such as { allow: ["example.org:443"] }',
);
