import { closeSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ComponentSpec, OutputEvent } from "bulkhead/services";
import { jsonLine } from "../output/write.js";

interface LogFile {
  descriptor: number;
  bytes: number;
  readonly path: string;
  readonly limit: number;
  readonly keep: number;
}

/** The output of each component in files of JSON lines, `NAME.log`; a full one becomes `NAME.log.1`, and so on. */
export class LogFiles {
  readonly #directory: string;
  readonly #files = new Map<string, LogFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  add(event: OutputEvent, spec: Pick<ComponentSpec, "logs"> | undefined): void {
    const file = this.#files.get(event.component) ?? this.#open(event.component, spec);
    const line = Buffer.from(jsonLine(event));
    if (file.bytes > 0 && file.bytes + line.length > file.limit) rotate(file);
    writeSync(file.descriptor, line);
    file.bytes += line.length;
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #open(component: string, spec: Pick<ComponentSpec, "logs"> | undefined): LogFile {
    // The schema allows no name that leads out of the directory.
    const path = join(this.#directory, `${component}.log`);
    const descriptor = openSync(path, "a", 0o600);
    const { bytes: limit, keep } = spec?.logs ?? { bytes: 10 * 1024 * 1024, keep: 3 };
    const file = { descriptor, bytes: statSync(path).size, path, limit, keep };
    this.#files.set(component, file);
    return file;
  }
}

function rotate(file: LogFile): void {
  closeSync(file.descriptor);
  for (let number = file.keep - 1; number >= 1; number--) {
    const from = number === 1 ? file.path : `${file.path}.${number - 1}`;
    try {
      renameSync(from, `${file.path}.${number}`);
    } catch {
      // It has not been rotated that often yet.
    }
  }
  file.descriptor = openSync(file.path, file.keep === 1 ? "w" : "a", 0o600);
  file.bytes = 0;
}
