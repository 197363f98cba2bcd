import type { Variant } from "./bundles.mjs";

export function bundleHelpers(
  variant?: Omit<Variant, "sourcemap">,
): Promise<readonly { readonly kind: string; readonly contents: Uint8Array }[]>;
export function buildHelpers(): Promise<void>;
