import type { Check } from "../arguments/check.js";
import { anyText, bytes, callback, duration, hostPath, list, object, oneOf, text, whole } from "../arguments/values.js";
import type { OnPullEvent } from "./pull/progress.js";
import type { RegistryOptions, RegistryTiming } from "./registry/settings.js";
import type { UnpackLimits } from "./unpack/limits.js";

/** Where to get images. */
export interface ImageOptions {
  /**
   * `missing` (the default): ask the registry for what the store lacks. `always`: ask for the name's current digest.
   * `never`: do not ask.
   */
  readonly pull?: "missing" | "always" | "never";
  /** Limits for unpacking, where they differ from DEFAULT_UNPACK_LIMITS. */
  readonly limits?: Partial<UnpackLimits>;
  /** The store's directory. Default: BULKHEAD_STORE, or the user's own (`store/location.ts`). */
  readonly store?: string;
  readonly registry?: RegistryOptions;
  /** Receives the progress of a pull. */
  readonly onEvent?: OnPullEvent;
}

const timing = object<Partial<RegistryTiming>>({
  headMs: duration,
  paceMs: duration,
  paceBytes: bytes,
  tries: whole(1),
  waitMs: whole(0),
  longestWaitMs: whole(0),
  parallel: whole(1, 64),
});

type Proxies = NonNullable<RegistryOptions["proxy"]>;

export const registryOptions: Check<RegistryOptions> = object<RegistryOptions>({
  insecure: list(text),
  tokenServers: list(text),
  dockerConfig: hostPath,
  certificates: list(hostPath),
  proxy: object<Proxies>({ https: anyText, http: anyText, none: anyText }),
  timing,
});

export const unpackLimits: Check<Partial<UnpackLimits>> = object<Partial<UnpackLimits>>({
  entries: whole(0),
  bytes: whole(0),
  ratio: whole(0),
  depth: whole(0),
  timeMs: duration,
});

export const imageOptionsShape = {
  pull: oneOf("missing", "always", "never"),
  limits: unpackLimits,
  store: hostPath,
  registry: registryOptions,
  onEvent: callback<OnPullEvent>(),
} as const;

export const imageOptions: Check<ImageOptions> = object<ImageOptions>(imageOptionsShape);
