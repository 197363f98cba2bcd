import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ErrorCode } from "../../errors/registry.js";
import type { Plan } from "../../plan/schema.js";
import { filesOf, listingOf } from "../../session/files/files.js";
import type { Live } from "../../session/live.js";
import { defined } from "../../values/defined.js";
import { FETCH_MS } from "./bounds.js";
import { DirectoryCopy, type Inside } from "./copy.js";
import { Lister } from "./lister/lister.js";
import type { WrittenBack, WrittenDirectory } from "./report.js";

/** Codes to report unchanged; any other error of the channel means that nothing more can be read. */
const OWN_CODES: ReadonlySet<ErrorCode> = new Set([
  "WRITE_BACK_FAILED",
  "WRITE_BACK_LOST",
  "MICROVM_UNSUPPORTED",
  "PROTOCOL_VIOLATION",
  "ABORTED",
  "HELPER_FAILED",
  "HELPER_LOST",
]);
const LOST: ReadonlySet<ErrorCode> = new Set([
  "SANDBOX_LOST",
  "SANDBOX_CLOSED",
  "BROKER_LOST",
  "TIMED_OUT",
  "OUTPUT_LIMIT",
]);

/**
 * The writable host directories of which a sandbox has copies. This process fetches the changes through the channel,
 * with the permissions of the sandbox's user, and writes them to the host with the caller's; no privileged process
 * takes part. All data from the sandbox is hostile.
 */
export class WriteBack {
  readonly #copies: readonly DirectoryCopy[];
  #lister: Lister | undefined;
  #ended = false;
  /** One operation at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(copies: readonly DirectoryCopy[]) {
    this.#copies = copies;
  }

  /**
   * Creates it from a workload's plan, before copies are made; null if the plan has no writable host directory.
   * @throws BulkheadError MICROVM_UNSUPPORTED, FILES_INVALID
   */
  static async of(plan: Plan, diskBytes: number): Promise<WriteBack | null> {
    const mounts = plan.mounts.flatMap((mount) => (mount.kind === "bind" && !mount.readOnly ? [mount] : []));
    if (mounts.length === 0) return null;
    const copies: DirectoryCopy[] = [];
    for (const [directory, mount] of mounts.entries()) {
      copies.push(
        await DirectoryCopy.of(directory, mount, plan, diskBytes).catch((error: unknown) => {
          throw told(error, "look at directory", mount.source, "FILES_INVALID");
        }),
      );
    }
    return new WriteBack(copies);
  }

  /** Memory of the lister's process. The sandbox's cgroup is not charged for it. */
  memoryBytes(): number {
    return this.#lister?.memoryBytes() ?? 0;
  }

  /**
   * Starts the process that decodes the guest's listings while the sandbox starts; it ends with the sandbox. Throws as
   * `Helper.start`.
   */
  prepare(live: Live): Lister {
    if (this.#lister !== undefined) return this.#lister;
    const lister = new Lister();
    this.#lister = lister;
    const end = () => {
      this.#ended = true;
      lister[Symbol.dispose]();
    };
    live.running.ended.then(end, end);
    return lister;
  }

  /** Records the state of the copies before any workload runs. Ends the sandbox if that fails. */
  async begin(live: Live): Promise<void> {
    await this.#within(live, async (inside) => {
      for (const copy of this.#copies) await copy.begin(inside);
    }).catch((error: unknown) => {
      const why = told(error, "list", undefined, "WRITE_BACK_FAILED");
      live.kill(why);
      throw why;
    });
  }

  /**
   * Writes the changes since the last call. Writes nothing unless all of them could be read; reports changes that
   * cannot be written, and writes the rest.
   * @throws BulkheadError WRITE_BACK_LOST, WRITE_BACK_FAILED, PROTOCOL_VIOLATION, ABORTED
   */
  async write(live: Live): Promise<WrittenBack> {
    const work = this.#last.then(async () => await this.#write(live));
    this.#last = work.catch(() => undefined);
    return await work;
  }

  async #write(live: Live): Promise<WrittenBack> {
    try {
      await this.#within(live, async (inside) => {
        for (const copy of this.#copies) await copy.fetch(inside);
      });
      const directories: WrittenDirectory[] = [];
      let failed: unknown;
      for (const copy of this.#copies) {
        // A failure of one directory does not stop the others.
        await copy.put().then(
          (written) => directories.push(written),
          (error: unknown) => {
            failed ??= error;
          },
        );
      }
      if (failed !== undefined) throw failed;
      return { directories };
    } catch (error) {
      throw told(error, "write back", undefined, "WRITE_BACK_FAILED");
    } finally {
      for (const copy of this.#copies) await copy.clear();
    }
  }

  async #within(live: Live, work: (inside: Inside) => Promise<void>): Promise<void> {
    const files = filesOf(live);
    const late = () => {
      const detail = `not done within ${FETCH_MS} ms`;
      live.kill(new BulkheadError("WRITE_BACK_FAILED", { operation: "read", detail }));
    };
    const timer = setTimeout(late, FETCH_MS);
    try {
      const lister = this.prepare(live);
      const inside = { lister, read: (path: string) => files.readStream(path) };
      await lister.during(
        (path) => listingOf(files, path),
        async () => await work(inside),
      );
    } catch (error) {
      // A sandbox that sends what init never sends is hostile.
      if (error instanceof BulkheadError && error.code === "PROTOCOL_VIOLATION") live.kill(error);
      // The lister ended with the sandbox; the operations inside report why that ended.
      if (error instanceof BulkheadError && error.code === "HELPER_LOST" && this.#ended) await files.stat("/");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Maps a cause to a write-back code: what prevented the read, or what the host's file system reported. */
function told(cause: unknown, operation: string, path: string | undefined, code: ErrorCode): BulkheadError {
  if (!(cause instanceof BulkheadError)) {
    const { errno, syscall } = cause as NodeJS.ErrnoException;
    if (typeof errno !== "number") throw cause;
    const where = defined({ path });
    return new BulkheadError(code, { operation: syscall ?? operation, ...where, errno: -errno, cause });
  }
  if (OWN_CODES.has(cause.code) || cause.code === code) return cause;
  const context = {
    operation,
    ...defined({ path: cause.path }),
    detail: cause.message,
    cause,
  };
  return new BulkheadError(LOST.has(cause.code) ? "WRITE_BACK_LOST" : "WRITE_BACK_FAILED", context);
}
