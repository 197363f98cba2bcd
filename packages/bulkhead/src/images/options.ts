import type { Check } from "../arguments/check.js";
import { anyText, bytes, callback, duration, hostPath, list, object, oneOf, text, whole } from "../arguments/values.js";
import type { OnPullEvent } from "./pull/progress.js";
import type { RegistryOptions, Timing } from "./registry/settings.js";
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

const timing = object<Partial<Timing>>({
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
