import type { Readable } from "node:stream";
import type { DirectoryEntry } from "bulkhead";
import type { Caller } from "../tenants/tokens.js";
import { audited, type Core } from "./core.js";
import type { Sandboxes } from "./sandboxes.js";

/** Entries of one directory listing. */
const MAX_ENTRIES = 10_000;

/** Files of sandboxes, read and written as the sandbox's user. */
export class SandboxFiles {
  readonly #core: Core;
  readonly #sandboxes: Sandboxes;

  constructor(core: Core, sandboxes: Sandboxes) {
    this.#core = core;
    this.#sandboxes = sandboxes;
  }

  /** @throws BulkheadError as `files.readStream`, and FILE_NOT_FOUND before the first byte */
  async read(caller: Caller, id: string, path: string): Promise<Readable> {
    const { sandbox } = await this.#sandboxes.live(caller.project.id, id);
    return await audited(this.#core, caller, { action: "file.read", target: id }, async () => {
      // A failure of the stream comes after the status of the answer.
      await sandbox.files.stat(path);
      return sandbox.files.readStream(path);
    });
  }

  async write(caller: Caller, id: string, path: string, content: Readable): Promise<void> {
    const { sandbox } = await this.#sandboxes.live(caller.project.id, id);
    await audited(this.#core, caller, { action: "file.write", target: id }, async () => {
      await sandbox.files.write(path, content);
    });
  }

  async remove(caller: Caller, id: string, path: string, recursive: boolean): Promise<void> {
    const { sandbox } = await this.#sandboxes.live(caller.project.id, id);
    await audited(this.#core, caller, { action: "file.remove", target: id }, async () => {
      await sandbox.files.remove(path, { recursive });
    });
  }

  async makeDirectory(caller: Caller, id: string, path: string): Promise<void> {
    const { sandbox } = await this.#sandboxes.live(caller.project.id, id);
    await audited(this.#core, caller, { action: "directory.create", target: id }, async () => {
      await sandbox.files.mkdir(path, { recursive: true });
    });
  }

  async list(caller: Caller, id: string, path: string): Promise<readonly DirectoryEntry[]> {
    const { sandbox } = await this.#sandboxes.live(caller.project.id, id);
    return await sandbox.files.list(path, { maxEntries: MAX_ENTRIES });
  }
}
