import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, loadPolicy, type Policy } from "bulkhead";

/** Policies that the operator wrote, by name. Unlike a tenant's policy, a template may name images and host paths. */
export class Templates {
  readonly #policies: ReadonlyMap<string, Policy>;

  private constructor(policies: ReadonlyMap<string, Policy>) {
    this.#policies = policies;
  }

  /**
   * Reads each `NAME.yaml` of a directory; null: there are none.
   * @throws BulkheadError of the first file that is no policy; PATH_UNUSABLE
   */
  static async load(directory: string | null): Promise<Templates> {
    const policies = new Map<string, Policy>();
    for (const file of directory === null ? [] : await filesOf(directory)) {
      const name = /^([a-z0-9][a-z0-9-]{0,62})\.ya?ml$/.exec(file)?.[1];
      if (name !== undefined && directory !== null) policies.set(name, await loadPolicy(join(directory, file)));
    }
    return new Templates(policies);
  }

  get names(): readonly string[] {
    return [...this.#policies.keys()].sort();
  }

  has(name: string): boolean {
    return this.#policies.has(name);
  }

  /** @throws BulkheadError API_NOT_FOUND */
  named(name: string): Policy {
    const policy = this.#policies.get(name);
    if (policy === undefined) throw new BulkheadError("API_NOT_FOUND", { detail: "template" });
    return policy;
  }
}

async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    throw new BulkheadError("PATH_UNUSABLE", { operation: "readdir", path: directory, cause });
  }
}
