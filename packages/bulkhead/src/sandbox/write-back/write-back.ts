import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ErrorCode } from "../../errors/registry.js";
import type { Plan } from "../../plan/schema.js";
import { Files } from "../files/files.js";
import type { Live } from "../live.js";
import { FETCH_MS } from "./bounds.js";
import { DirectoryCopy, type Inside } from "./copy.js";
import { Lister } from "./lister/lister.js";
import type { WrittenBack, WrittenDirectory } from "./report.js";

/** Told as they are; whatever else the channel says means that nothing can be read any more. */
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
 * The writable host directories of a sandbox that has copies of them. What it changed is fetched through the channel with the rights of its own user, and
 * written to the host by this process with the caller's: no privileged process has a part in it. All that comes out is hostile.
 */
export class WriteBack {
  readonly #copies: readonly DirectoryCopy[];
  #lister: Lister | undefined;
  #ended = false;
  /** One at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(copies: readonly DirectoryCopy[]) {
    this.#copies = copies;
  }

  /** Of a workload's plan, before copies are made; null where it has no writable host directory. @throws BulkheadError MICROVM_UNSUPPORTED, FILES_INVALID */
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

  /** Starts what decodes the guest's listings, while the sandbox starts; it ends with that. Throws as `Helper.start`. */
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

  /** Looks at the copies; nothing of the workload may run yet. Ends the sandbox where that is not possible. */
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
   * Writes what was changed since the last time. Unless all of it could be read nothing is written; what cannot be written is told, and the rest is.
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
        // One that fails keeps no other from being written.
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
    const files = new Files(live);
    const late = () => {
      const detail = `not done within ${FETCH_MS} ms`;
      live.kill(new BulkheadError("WRITE_BACK_FAILED", { operation: "read", detail }));
    };
    const timer = setTimeout(late, FETCH_MS);
    try {
      const lister = this.prepare(live);
      const inside = { lister, read: (path: string) => files.readStream(path) };
      await lister.during(
        (path) => files.listing(path),
        async () => await work(inside),
      );
    } catch (error) {
      // An inside that says what init never says is hostile.
      if (error instanceof BulkheadError && error.code === "PROTOCOL_VIOLATION") live.kill(error);
      // The lister ended with the sandbox: why that ended is what every operation inside says.
      if (error instanceof BulkheadError && error.code === "HELPER_LOST" && this.#ended) await files.stat("/");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** As a code of this part's own: what kept it from reading, or what the host's file system said. */
function told(cause: unknown, operation: string, path: string | undefined, code: ErrorCode): BulkheadError {
  if (!(cause instanceof BulkheadError)) {
    const { errno, syscall } = cause as NodeJS.ErrnoException;
    if (typeof errno !== "number") throw cause;
    const where = path === undefined ? {} : { path };
    return new BulkheadError(code, { operation: syscall ?? operation, ...where, errno: -errno, cause });
  }
  if (OWN_CODES.has(cause.code) || cause.code === code) return cause;
  const context = {
    operation,
    ...(cause.path === undefined ? {} : { path: cause.path }),
    detail: cause.message,
    cause,
  };
  return new BulkheadError(LOST.has(cause.code) ? "WRITE_BACK_LOST" : "WRITE_BACK_FAILED", context);
}
