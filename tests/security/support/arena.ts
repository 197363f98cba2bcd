import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { chmod, chown, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { isAlive, readKernelFile } from "../../support/host.js";
import { PROBE_PATH, WARDEN_PATH } from "../../support/programs.js";
import { TemporaryDirectory } from "../../support/temporary.js";
import { eventually } from "../../support/time.js";
import { HostFacts } from "./host-facts.js";
import { Listeners } from "./listeners.js";
import { treeOf } from "./tree.js";

/** Owner of what a sandbox may write: on-disk root is never mapped writable. Any unused id will do. */
export const DISK_OWNER = process.getuid?.() === 0 ? 54_321 : (process.getuid?.() ?? 0);

const SECRET = "canary: no process inside may ever read this\n";

/**
 * Everything outside that an attempt could aim at, made for this run: files, a process, listeners, and the state of
 * this host. `assertIntact` looks at all of it after every attempt, whatever the attempt was about.
 */
export class Arena implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #listeners: Listeners;
  readonly #victim: ChildProcess;
  readonly #before: HostFacts;
  readonly #still: ReadonlyMap<string, string>;

  private constructor(directory: TemporaryDirectory, listeners: Listeners, victim: ChildProcess) {
    this.#directory = directory;
    this.#listeners = listeners;
    this.#victim = victim;
    this.#before = HostFacts.now(this.victim);
    this.#still = this.#fingerprints();
  }

  static async create(): Promise<Arena> {
    const directory = await TemporaryDirectory.create("arena", 0o755);
    await writeFile(directory.join("secret"), SECRET, { mode: 0o600 });
    for (const name of ["ro", "rw", "setid"]) await mkdir(directory.join(name), { mode: 0o755 });
    await writeFile(directory.join("ro/file"), "read-only\n", { mode: 0o666 });
    await chmod(directory.join("ro/file"), 0o666);
    await chmod(directory.join("ro"), 0o777);
    await symlink(directory.join("secret"), directory.join("ro/to-secret"));
    await symlink("../secret", directory.join("ro/up-to-secret"));
    if (process.getuid?.() === 0) await chown(directory.join("rw"), DISK_OWNER, DISK_OWNER);
    // A set-user-id program that the host left lying around, root's where this is root.
    await copyFile(PROBE_PATH, directory.join("setid/probe"));
    await chmod(directory.join("setid/probe"), 0o6755);
    const victim = spawn("setpriv", ["--pdeathsig", "KILL", "sleep", "1000000"], {
      stdio: "ignore",
      env: { BULKHEAD_CANARY: "environment of the host" },
    });
    const commandLine = `/proc/${victim.pid}/cmdline`;
    await eventually(
      "the process of the host sleeps",
      5000,
      () => readKernelFile(commandLine) === "sleep\x001000000\0",
    );
    return new Arena(directory, await Listeners.start(), victim);
  }

  /** Unreadable for all but its owner; a path that does not exist inside. */
  get secret(): string {
    return this.#directory.join("secret");
  }

  /** World-writable on the host, to be mounted read-only. */
  get readOnly(): string {
    return this.#directory.join("ro");
  }

  /** To be mounted read-write. */
  get writable(): string {
    return this.#directory.join("rw");
  }

  /** Holds `probe`, set-user-id and set-group-id. */
  get setid(): string {
    return this.#directory.join("setid");
  }

  /** A process of this user on the host. */
  get victim(): number {
    return this.#victim.pid ?? 0;
  }

  get listeners(): Listeners {
    return this.#listeners;
  }

  /** Throws unless everything outside is as it was. `planted`: paths that must not have appeared on the host. */
  assertIntact(planted: readonly string[] = []): void {
    if (!isAlive(this.victim)) throw new Error("a process of the host died");
    this.#before.assertSame(HostFacts.now(this.victim));
    this.#listeners.assertUntouched();
    const fingerprints = this.#fingerprints();
    for (const [what, before] of this.#still) {
      const now = fingerprints.get(what);
      if (now !== before) throw new Error(`${what} changed: ${before} became ${now}`);
    }
    this.#assertHarmless();
    for (const path of planted) if (existsSync(path)) throw new Error(`${path} appeared on the host`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#victim.kill("SIGKILL");
    await this.#listeners[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }

  #fingerprints(): ReadonlyMap<string, string> {
    return new Map([
      ["the secret", digest(this.secret)],
      ["the read-only directory", treeOf(this.readOnly)],
      ["the set-user-id program", digest(`${this.setid}/probe`)],
      ["the probe", digest(PROBE_PATH)],
      ["the warden", digest(WARDEN_PATH)],
    ]);
  }

  /** What was left in the writable directory must be of no use to anybody on the host. */
  #assertHarmless(): void {
    for (const line of treeOf(this.writable).split("\n").filter(Boolean)) {
      const entry = JSON.parse(line) as { path: string; type: string; mode: number; uid: number; gid: number };
      if (entry.type !== "file" && entry.type !== "directory" && entry.type !== "symlink") {
        throw new Error(`a ${entry.type} was left on the host: ${line}`);
      }
      if ((entry.mode & 0o6000) !== 0) throw new Error(`a set-id file was left on the host: ${line}`);
      if (entry.uid !== DISK_OWNER) throw new Error(`a file of somebody else was left on the host: ${line}`);
    }
  }
}

function digest(path: string): string {
  const { mode, uid, gid, size, mtimeMs, ino } = lstatSync(path);
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return JSON.stringify({ mode, uid, gid, size, mtimeMs, ino, sha256 });
}
