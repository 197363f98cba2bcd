import { readFileSync } from "node:fs";
import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { newToken } from "../../host/owner-token.js";
import { type Digest, digestFromHex, digestHex } from "../reference/digest.js";
import { type Signature, signatureSchema } from "../verify/signature.js";
import { ignoreMissing } from "./turns.js";

/**
 * `signatures/HEX.json`: of a manifest, the signature that was accepted last. It is no promise that anything was: whoever needs it signed checks it
 * again, against the keys that are asked for then; this only saves asking the registry.
 */
export class SignatureStore {
  readonly #directory: string;

  constructor(store: string) {
    this.#directory = join(store, "signatures");
  }

  find(digest: Digest): Signature | undefined {
    try {
      const parsed = signatureSchema.safeParse(JSON.parse(readFileSync(this.#path(digest), "utf8")));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async put(digest: Digest, signature: Signature): Promise<void> {
    const made = `${this.#path(digest)}.${newToken()}`;
    const handle = await open(made, "wx", 0o600);
    await handle.writeFile(`${JSON.stringify(signature)}\n`).finally(() => handle.close());
    await rename(made, this.#path(digest));
  }

  /** Removes those of manifests that are not `kept`. */
  async collect(kept: ReadonlySet<Digest>): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const digest = digestFromHex(name.replace(/\.json$/, ""));
      if (digest === undefined || !kept.has(digest)) await unlink(join(this.#directory, name)).catch(ignoreMissing);
    }
  }

  #path(digest: Digest): string {
    return join(this.#directory, `${digestHex(digest)}.json`);
  }
}
