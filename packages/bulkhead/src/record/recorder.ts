import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  openSync,
  promises,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../arguments/given-file.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { defined } from "../values/defined.js";
import { type Envelope, formatEnvelope, signStatement } from "./envelope.js";
import { openRecordKey, type RecordKey } from "./key.js";
import { type Started, type Stated, type Subject, statementOf, subjectsOf } from "./statement.js";

/** Options for the record of a run. */
export interface RecordOptions {
  /** Path of the record: a file, or an existing directory, where the file is named after the sandbox. Default: none. */
  readonly to?: string;
  /** An ed25519 private key in PEM. Default: this machine's own. */
  readonly key?: string;
}

/** Collects the facts of a run, and signs them with its result. */
export class Recorder {
  readonly #options: RecordOptions;
  readonly #key: RecordKey;
  readonly #warden: Promise<string | null>;
  #started: Promise<{ readonly plan: Started["plan"]; readonly subjects: readonly Subject[] }> | undefined;

  /**
   * `warden`: path of the executable, if known. Throws RECORD_KEY_INVALID: a run that cannot be recorded does not
   * start.
   */
  constructor(options: RecordOptions, warden: string | null) {
    this.#options = options;
    this.#key = openRecordKey(options.key);
    // Hashed while the run is in progress, so that its result waits only for a signature.
    this.#warden = warden === null ? Promise.resolve(null) : wardenDigest(warden);
    this.#warden.catch(() => undefined);
  }

  /** Called when the run starts: hashes its inputs while it runs. */
  start(started: Omit<Started, "wardenDigest">): void {
    this.#started = this.#warden.then((wardenDigest) => ({
      plan: started.plan,
      subjects: subjectsOf({ ...started, wardenDigest }),
    }));
    this.#started.catch(() => undefined);
  }

  /** Signs the record and writes it to the configured path. Throws RECORD_NOT_WRITTEN. */
  async record(stated: Stated): Promise<Envelope> {
    if (this.#started === undefined) throw new BulkheadError("RECORD_NOT_WRITTEN", { operation: "record" });
    const { plan, subjects } = await this.#started;
    const envelope = signStatement(statementOf(plan, subjects, stated), this.#key);
    if (this.#options.to !== undefined) write(this.#options.to, plan.id, envelope);
    return envelope;
  }
}

const digests = new Map<string, Promise<string>>();

/** Hashes a file once, as long as it is unchanged. */
async function wardenDigest(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs } = await promises.stat(path);
  const key = [path, dev, ino, size, mtimeMs].join(" ");
  const digest =
    digests.get(key) ?? promises.readFile(path).then((bytes) => createHash("sha256").update(bytes).digest("hex"));
  digests.set(key, digest);
  return await digest;
}

/**
 * Writes through a rename, so that a reader sees all of it. Synchronous, because writing a few KiB to the page cache
 * takes a tenth of the time of four calls in sequence on the thread pool.
 */
function write(to: string, id: string, envelope: Envelope): void {
  try {
    const stat = statSync(to, { throwIfNoEntry: false });
    const text = formatEnvelope(envelope);
    if (stat?.isDirectory() === true) replace(join(to, `${id}.json`), text);
    else if (isInPlace(to, stat)) writeInto(to, text);
    else replace(stat === undefined ? to : realpathSync(to), text);
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new BulkheadError("RECORD_NOT_WRITTEN", {
      operation: "write",
      path: to,
      ...defined({ errno }),
      cause,
    });
  }
}

/** A device or a pipe, such as /dev/null or /dev/stdout: a rename over it would remove it for the whole machine. */
function isInPlace(path: string, stat: Stats | undefined): boolean {
  return stat !== undefined && (!stat.isFile() || /^\/(dev|proc)\//.test(path));
}

function replace(path: string, text: string): void {
  const made = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(made, text, { mode: 0o644, flag: "wx" });
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/** Does not wait for a FIFO's reader. */
function writeInto(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
