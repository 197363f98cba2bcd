import type { LoadedSecret } from "./secrets/load.js";
import { trustVariables } from "./tls/variables.js";

/** Where the bundle is put: a place that every sandbox may write to. Whoever changes it there only deceives itself. */
const BUNDLE_AT = "/tmp/.bulkhead-authorities.pem";

/** What a sandbox is given for its egress. */
export interface Handed {
  /** For the workload: placeholders of secrets, and where the authority that it is to trust is. */
  readonly env: Readonly<Record<string, string>>;
  /** PEM: all that the workload is to trust; null: what its root has. To be put where `env` says, and over what its root has. */
  readonly bundle: { readonly at: string; readonly content: string } | null;
}

export function handed(secrets: readonly Pick<LoadedSecret, "name" | "placeholder">[], content: string | null): Handed {
  const placeholders = Object.fromEntries(secrets.map(({ name, placeholder }) => [name, placeholder]));
  if (content === null) return { env: placeholders, bundle: null };
  return { env: { ...trustVariables(BUNDLE_AT), ...placeholders }, bundle: { at: BUNDLE_AT, content } };
}
