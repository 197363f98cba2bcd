import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** Bytes of a process's stderr to keep. */
const LAST_WORDS_BYTES = 4096;

/**
 * Keeps the end of a process's stderr and its exit status, for the error if it is lost. Does not keep Node from
 * exiting. `clean` turns the text into a line.
 */
export function lastWordsOf(child: ChildProcess, clean = (said: string) => said.trim()): () => string {
  let said = "";
  let fate = "";
  const stderr = child.stderr as (Readable & { unref(): void }) | null;
  stderr?.setEncoding("utf8");
  stderr?.on("data", (text: string) => {
    said = (said + text).slice(-LAST_WORDS_BYTES);
  });
  stderr?.on("error", () => undefined);
  stderr?.unref();
  child.on("error", (error: NodeJS.ErrnoException) => {
    fate = error.code ?? "spawn";
  });
  child.on("exit", (code, signal) => {
    fate = signal ?? `exit ${code}`;
  });
  return () => [clean(said), fate].filter((part) => part !== "").join("; ");
}
