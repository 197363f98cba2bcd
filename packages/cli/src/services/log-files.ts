import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ComponentSpec, OutputEvent } from "bulkhead/services";
import { jsonLine } from "../output/write.js";

type Limits = ComponentSpec["logs"];

interface LogFile {
  descriptor: number;
  bytes: number;
  readonly path: string;
  limits: Limits;
}

/** The output of each component in files of JSON lines, `NAME.log`; a full one becomes `NAME.log.1`, and so on. */
export class LogFiles {
  readonly #directory: string;
  readonly #files = new Map<string, LogFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * `spec` is the present one: a change of its limits applies from the next line on. Undefined for a component that a
   * change has just removed: its last lines obey its last limits.
   */
  add(event: OutputEvent, spec: { readonly logs: Limits } | undefined): void {
    const open = this.#files.get(event.component);
    const limits = spec?.logs ?? open?.limits;
    if (limits === undefined) return;
    const file = open ?? this.#open(event.component, limits);
    file.limits = limits;
    const { bytes: limit, keep } = limits;
    const line = Buffer.from(jsonLine(event));
    if (file.bytes > 0 && file.bytes + line.length > limit) rotate(file, keep);
    for (let written = 0; written < line.length; ) {
      const more = writeSync(file.descriptor, line, written);
      written += more;
      file.bytes += more;
    }
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #open(component: string, limits: Limits): LogFile {
    // The schema allows no name that leads out of the directory.
    const path = join(this.#directory, `${component}.log`);
    const descriptor = openSync(path, "a", 0o600);
    const file = { descriptor, bytes: fstatSync(descriptor).size, path, limits };
    this.#files.set(component, file);
    return file;
  }
}

function rotate(file: LogFile, keep: number): void {
  for (let number = keep - 1; number >= 1; number--) {
    const from = number === 1 ? file.path : `${file.path}.${number - 1}`;
    try {
      renameSync(from, `${file.path}.${number}`);
    } catch {
      // It has not been rotated that often yet.
    }
  }
  // The old one is closed last: if there can be no new one, its number must not become that of another file.
  const descriptor = openSync(file.path, keep === 1 ? "w" : "a", 0o600);
  closeSync(file.descriptor);
  file.descriptor = descriptor;
  file.bytes = 0;
}
