import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { Plan } from "../../plan/schema.js";
import { isWithin } from "../../policy/paths.js";
import { OpenDirectory } from "../../session/host-files/open-directory.js";
import { type HostOwner, Staging } from "../../session/host-files/staging.js";
import { apply } from "./apply.js";
import { fetchChanges, type ReadOne } from "./fetch.js";
import type { ListedDirectory, Lister } from "./lister/lister.js";
import type { Found } from "./lister/read-changes.js";
import { type HostTree, markTree } from "./marks.js";
import { Report, type WrittenDirectory } from "./report.js";

type Bind = Extract<Plan["mounts"][number], { readonly kind: "bind" }>;

/** How to read files inside. */
export interface Inside {
  readonly lister: Lister;
  readonly read: ReadOne;
}

/** Changes fetched from one directory, waiting to be applied. */
interface Fetched {
  readonly lister: Lister;
  readonly changes: Found;
  readonly top: OpenDirectory;
  readonly staging: Staging;
  readonly staged: ReadonlyMap<string, string>;
  readonly report: Report;
  readonly failed: Set<string>;
}

/** A host directory of which the workload has a copy, and the known state of both. */
export class DirectoryCopy {
  readonly #mount: Bind;
  readonly #listed: ListedDirectory;
  readonly #owner: HostOwner;
  readonly #bytes: number;
  readonly #host: HostTree;
  #fetched: Fetched | undefined;

  private constructor(directory: number, mount: Bind, { mounts }: Plan, bytes: number, host: HostTree) {
    const { owner, at } = mount;
    this.#mount = mount;
    const apart = mounts.map((other) => other.at).filter((place) => place !== at && isWithin(place, at));
    this.#listed = { directory, at, apart: new Set(apart) };
    // A process that is not root can create files only as itself.
    const asRoot = process.geteuid?.() === 0 && owner !== null && "hostUid" in owner;
    this.#owner = asRoot ? { uid: owner.hostUid, gid: owner.hostGid } : null;
    // The copy's capacity; the layer that holds its changes is no larger (`levels/microvm/inner.ts`).
    this.#bytes = bytes;
    this.#host = host;
  }

  /**
   * Call this before the copy is made: later changes on the host belong to the host.
   * @throws BulkheadError FILES_INVALID, MICROVM_UNSUPPORTED
   */
  static async of(directory: number, mount: Bind, plan: Plan, bytes: number): Promise<DirectoryCopy> {
    const { source, owner } = mount;
    const host = await markTree(source);
    // A user who may rename a component of the path could by now make it lead to a directory of root's, and root would
    // write there.
    if (owner !== null && "hostUid" in owner && host.uid !== BigInt(owner.hostUid)) {
      const detail = `its owner was uid ${owner.hostUid}, and is uid ${host.uid} now`;
      throw new BulkheadError("FILES_INVALID", { operation: "look at directory", path: source, detail });
    }
    return new DirectoryCopy(directory, mount, plan, bytes, host);
  }

  /**
   * Records the state of the copy before the workload starts.
   * @throws BulkheadError MICROVM_UNSUPPORTED, WRITE_BACK_FAILED
   */
  async begin({ lister }: Inside): Promise<void> {
    const { source } = this.#mount;
    const { unnamed } = await lister.begin(this.#listed);
    if (unnamed) {
      const detail = `${source} has a name or link that is not UTF-8: mount it read-only`;
      throw new BulkheadError("MICROVM_UNSUPPORTED", { operation: "copy", path: source, detail });
    }
  }

  /** Fetches the changes; the host's directory does not change yet. */
  async fetch({ lister, read }: Inside): Promise<void> {
    const { at, source } = this.#mount;
    const changes = await lister.changes(this.#listed);
    const report = new Report(at, source);
    const failed = new Set<string>();
    for (const { path, why } of changes.left) report.leave(path, why);
    for (const path of changes.setId) report.leave(path, "set-id");
    const top = await OpenDirectory.open(source);
    try {
      const { dev, ino } = top.stat;
      if (dev !== this.#host.dev || ino !== this.#host.ino) {
        const detail = "another directory is there now";
        throw new BulkheadError("WRITE_BACK_FAILED", { operation: "open", path: source, detail });
      }
      const staging = await Staging.make(top, this.#owner);
      try {
        const fetching = { at, changes, staging, bytes: this.#bytes, report, failed };
        const staged = await fetchChanges(fetching, read);
        this.#fetched = { lister, changes, top, staging, staged, report, failed };
      } catch (error) {
        await staging[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      await top[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Applies the fetched changes. @throws BulkheadError WRITE_BACK_FAILED if some could not be applied */
  async put(): Promise<WrittenDirectory> {
    const fetched = this.#fetched;
    if (fetched === undefined) throw new RangeError("nothing was fetched");
    const { lister, changes, top, staging, staged, report, failed } = fetched;
    await apply(top, changes.tree, { host: this.#host, owner: this.#owner, staging, staged, report, failed });
    await lister.settled(this.#listed.directory, failed);
    return report.finish();
  }

  /** Removes fetched files that were not applied. */
  async clear(): Promise<void> {
    const fetched = this.#fetched;
    this.#fetched = undefined;
    await fetched?.staging[Symbol.asyncDispose]();
    await fetched?.top[Symbol.asyncDispose]();
  }
}
