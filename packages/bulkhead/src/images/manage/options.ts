import type { TaskOptions } from "../../internal/plan.js";
import type { Policy } from "../../policy/schema.js";
import type { ImageOptions } from "../options.js";

/** As in a policy. */
export type VerifyRules = NonNullable<NonNullable<Policy["images"]>["verify"]>;

/** Which store to use; default as in `ImageOptions`. */
export interface StoreOptions {
  readonly store?: string;
}

export interface PullImageOptions extends Omit<ImageOptions, "pull">, TaskOptions {
  /** Who must have signed it, as `images.verify` of a policy; paths are relative to the current directory. */
  readonly verify?: VerifyRules;
}

export interface VerifyImageOptions extends StoreOptions, Pick<ImageOptions, "registry"> {
  readonly signal?: AbortSignal;
}

export interface PruneOptions extends StoreOptions {
  /** Also removes each name that no live process uses. */
  readonly all?: boolean;
}
