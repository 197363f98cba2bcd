import type { OnPullEvent } from "./pull/progress.js";
import type { RegistryOptions } from "./registry/settings.js";
import type { UnpackLimits } from "./unpack/limits.js";

/** How images are had. */
export interface ImageOptions {
  /** `missing` (the default): ask the registry for what the store has not. `always`: ask what the name means now. `never`: ask nobody. */
  readonly pull?: "missing" | "always" | "never";
  /** Bounds of unpacking, where they differ from DEFAULT_UNPACK_LIMITS. */
  readonly limits?: Partial<UnpackLimits>;
  /** The store's directory. Default: BULKHEAD_STORE, or by user (`store/location.ts`). */
  readonly store?: string;
  readonly registry?: RegistryOptions;
  /** Told what goes on while an image is pulled. */
  readonly onEvent?: OnPullEvent;
}
