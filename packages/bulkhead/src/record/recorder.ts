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
import { type Envelope, formatEnvelope, signStatement } from "./envelope.js";
import { openRecordKey, type RecordKey } from "./key.js";
import { type Started, type Stated, type Subject, statementOf, subjectsOf } from "./statement.js";

/** How a run is recorded. */
export interface RecordOptions {
  /** Where the record is written: a file, or a directory that is there, where it is called after the sandbox. Default: nowhere. */
  readonly to?: string;
  /** An ed25519 private key in PEM. Default: this machine's own. */
  readonly key?: string;
}

/** What everything but the result of a run is known to. */
export class Recorder {
  readonly #options: RecordOptions;
  readonly #key: RecordKey;
  readonly #warden: Promise<string | null>;
  #started: Promise<{ readonly plan: Started["plan"]; readonly subjects: readonly Subject[] }> | undefined;

  /** `warden`: the path of the program, where it is known. Throws RECORD_KEY_INVALID: a run that cannot be recorded does not start. */
  constructor(options: RecordOptions, warden: string | null) {
    this.#options = options;
    this.#key = openRecordKey(options.key);
    // Read while the run is under way, so that its result waits for a signature only.
    this.#warden = warden === null ? Promise.resolve(null) : wardenDigest(warden);
    this.#warden.catch(() => undefined);
  }

  /** Told when the run is on its way: what is to be hashed is hashed while it runs. */
  start(started: Omit<Started, "wardenDigest">): void {
    this.#started = this.#warden.then((wardenDigest) => ({
      plan: started.plan,
      subjects: subjectsOf({ ...started, wardenDigest }),
    }));
    this.#started.catch(() => undefined);
  }

  /** Signs, and writes it where the options say. Throws RECORD_NOT_WRITTEN. */
  async record(stated: Stated): Promise<Envelope> {
    if (this.#started === undefined) throw new BulkheadError("RECORD_NOT_WRITTEN", { operation: "record" });
    const { plan, subjects } = await this.#started;
    const envelope = signStatement(statementOf(plan, subjects, stated), this.#key);
    if (this.#options.to !== undefined) write(this.#options.to, plan.id, envelope);
    return envelope;
  }
}

const digests = new Map<string, Promise<string>>();

/** Of one file once, as long as it is the same. */
async function wardenDigest(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs } = await promises.stat(path);
  const key = [path, dev, ino, size, mtimeMs].join(" ");
  const digest =
    digests.get(key) ?? promises.readFile(path).then((bytes) => createHash("sha256").update(bytes).digest("hex"));
  digests.set(key, digest);
  return await digest;
}

/**
 * By renaming: who reads it reads all of it. In one go, as a few KiB for the page cache take a tenth of what it takes to have four calls made by a thread of
 * another's, one after the other.
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
      ...(errno === undefined ? {} : { errno }),
      cause,
    });
  }
}

/** A device or a pipe, such as /dev/null or /dev/stdout: renaming something over it would take it from the whole machine. */
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

/** Without waiting for who would read from a FIFO. */
function writeInto(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
