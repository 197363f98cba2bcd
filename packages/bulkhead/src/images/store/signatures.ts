import { readFileSync } from "node:fs";
import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { newToken } from "../../host/owner-token.js";
import { type Digest, digestFromHex, digestHex } from "../reference/digest.js";
import type { Signature } from "../signatures/signature.js";
import { ignoreMissing } from "./work-claims.js";

/** Larger ones are fetched again. */
const LARGEST = 2 * 1024 * 1024;

/**
 * `signatures/HEX.json`: the last accepted signature of a manifest. It proves nothing: each use checks it again,
 * against the keys then required; it only saves a request to the registry.
 */
export class SignatureStore {
  readonly #directory: string;

  constructor(store: string) {
    this.#directory = join(store, "signatures");
  }

  /** As JSON: untrusted text that only the reader parses. */
  find(digest: Digest): string | undefined {
    try {
      const text = readFileSync(this.#path(digest), "utf8");
      return text.length <= LARGEST ? text : undefined;
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
