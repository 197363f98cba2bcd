import type { LoadedSecret } from "./secrets/load.js";
import { trustVariables } from "./tls/variables.js";

/** Path of the CA bundle, where every sandbox can write. A workload that changes it there deceives only itself. */
const BUNDLE_AT = "/tmp/.bulkhead-authorities.pem";

/** A sandbox's inputs for egress. */
export interface Handed {
  /** For the workload: placeholders of secrets, and the path of the CA bundle to trust. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * PEM: all CAs that the workload should trust; null: the root's own. Placed where `env` says, and over the root's
   * bundles.
   */
  readonly bundle: { readonly at: string; readonly content: string } | null;
}

export function handed(secrets: readonly Pick<LoadedSecret, "name" | "placeholder">[], content: string | null): Handed {
  const placeholders = Object.fromEntries(secrets.map(({ name, placeholder }) => [name, placeholder]));
  if (content === null) return { env: placeholders, bundle: null };
  return { env: { ...trustVariables(BUNDLE_AT), ...placeholders }, bundle: { at: BUNDLE_AT, content } };
}
