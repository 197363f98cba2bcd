import { constants, type promises as fs, promises } from "node:fs";
import { defined } from "../values/defined.js";

/** Without O_NONBLOCK, opening a FIFO without a writer would never return, and this process could not end in order. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** How long to wait for a writer to open a pipe and, after that, for more data. */
const OPENING_MS = 2_000;
const WRITING_MS = 60_000;
const PAUSE_MS = 10;
const PIECE = 64 * 1024;

/** Why a file was not read. */
export interface Unreadable {
  readonly operation: string;
  readonly errno?: number;
  readonly detail?: string;
  readonly cause?: unknown;
}

/**
 * Reads a file that the caller names, of at most `maximum` bytes: a regular file, or a pipe such as a shell's `<(…)`.
 * Throws what `refuse` returns if the file cannot be read, also for a pipe without a writer.
 */
export async function readGivenFile(
  path: string,
  maximum: number,
  refuse: (why: Unreadable) => Error,
): Promise<Buffer> {
  const unreadable = (operation: string) => (cause: unknown) => {
    const errno = errnoOf(cause);
    throw refuse({ operation, cause, ...defined({ errno }) });
  };
  const handle = await promises.open(path, FLAGS).catch(unreadable("open"));
  try {
    const { isPipe } = await kindOf(handle).catch(unreadable("stat"));
    const content = await readAll(handle, maximum, isPipe).catch(unreadable("read"));
    if (content === undefined) throw refuse({ operation: "read", detail: "nobody writes to this pipe" });
    if (content.length > maximum) throw refuse({ operation: "read", detail: `larger than ${maximum} bytes` });
    return content;
  } finally {
    await handle.close();
  }
}

/** The positive errno of a failed system call. */
export function errnoOf(cause: unknown): number | undefined {
  return cause instanceof Error && "errno" in cause && typeof cause.errno === "number" ? -cause.errno : undefined;
}

async function kindOf(handle: fs.FileHandle): Promise<{ readonly isPipe: boolean }> {
  const stat = await handle.stat();
  return { isPipe: stat.isFIFO() };
}

/** At most one piece more than `maximum`; undefined if nothing ever arrived through a pipe. */
async function readAll(handle: fs.FileHandle, maximum: number, isPipe: boolean): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  let hasWriter = false;
  for (let since = performance.now(); length <= maximum; ) {
    const piece = await readSome(handle);
    hasWriter ||= piece === undefined;
    if (piece !== undefined && piece.length > 0) {
      pieces.push(piece);
      length += piece.length;
      since = performance.now();
    } else if (piece !== undefined && (!isPipe || hasWriter || length > 0)) {
      break;
    } else if (performance.now() > since + (hasWriter ? WRITING_MS : OPENING_MS)) {
      return undefined;
    } else {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  return Buffer.concat(pieces);
}

/** Undefined: data will come but has not arrived yet. */
async function readSome(handle: fs.FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(PIECE), 0, PIECE, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}
