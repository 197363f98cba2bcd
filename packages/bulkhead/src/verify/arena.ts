import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

/** Settings of the whole machine that nothing inside may change. */
const SETTINGS = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/randomize_va_space",
  "/proc/sys/kernel/msgmax",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sys/net/ipv4/ip_forward",
  "/sys/kernel/uevent_helper",
  "/proc/swaps",
  "/proc/self/mountinfo",
] as const;

/** Targets outside that an attempt could attack: created for one verification, and checked after each attempt. */
export class Arena implements AsyncDisposable {
  readonly directory: string;
  /** Name of the abstract socket, without the NUL. */
  readonly abstractName = `bulkhead-verify-${randomBytes(8).toString("hex")}`;
  /** A word that occurs only in the secret. */
  readonly #word = randomBytes(16).toString("hex");
  readonly #victim: ChildProcess;
  readonly #servers: readonly Server[];
  readonly #reached: string[] = [];
  #before: ReadonlyMap<string, string> = new Map();

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "bulkhead-verify-"));
    chmodSync(this.directory, 0o755);
    writeFileSync(this.secret, `no process inside may ever read this: ${this.#word}\n`, { mode: 0o600 });
    mkdirSync(this.readOnly);
    writeFileSync(join(this.readOnly, "file"), "read-only\n");
    // Only the mount protects it: every user on the host may write here.
    chmodSync(this.readOnly, 0o777);
    chmodSync(join(this.readOnly, "file"), 0o666);
    symlinkSync(this.secret, join(this.readOnly, "to-secret"));
    symlinkSync("../secret", join(this.readOnly, "up-to-secret"));
    this.#victim = spawn("sleep", ["1000000"], { stdio: "ignore", env: { BULKHEAD_CANARY: this.#word } });
    this.#servers = [this.#server("TCP"), this.#server("abstract socket")];
  }

  static async create(): Promise<Arena> {
    const arena = new Arena();
    const [tcp, local] = arena.#servers;
    await new Promise<void>((resolve) => tcp?.listen(0, "0.0.0.0", resolve));
    await new Promise<void>((resolve) => local?.listen(`\0${arena.abstractName}`, resolve));
    // Its state changes by itself until it has become `sleep` and sleeps.
    while (!/^Name:\tsleep\n[\s\S]*^State:\tS/m.test(readIfThere(`/proc/${arena.victim}/status`))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    arena.#before = arena.#facts();
    return arena;
  }

  /** Readable only to its owner, and not mounted. */
  get secret(): string {
    return join(this.directory, "secret");
  }

  /** Mounted read-only at /ro; on the host every user may write to it. */
  get readOnly(): string {
    return join(this.directory, "ro");
  }

  get victim(): number {
    return this.#victim.pid ?? 0;
  }

  get port(): number {
    const address = this.#servers[0]?.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** What has changed since the last check; undefined if nothing has. */
  async damage(): Promise<string | undefined> {
    // The event loop reports connections.
    await new Promise((resolve) => setImmediate(resolve));
    const reached = this.#reached.splice(0).map((what) => `${what} of the host was reached`);
    const now = this.#facts();
    const changed = [...this.#before].flatMap(([what, before]) =>
      now.get(what) === before ? [] : [`${what} changed`],
    );
    this.#before = now;
    return [...reached, ...changed][0];
  }

  /** Whether a text from inside shows that the secret was read. */
  isTold(text: string): boolean {
    return text.includes(this.#word);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#victim.kill("SIGKILL");
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #server(what: string): Server {
    const server = createServer((socket) => {
      this.#reached.push(what);
      socket.destroy();
    });
    server.unref();
    return server;
  }

  #facts(): ReadonlyMap<string, string> {
    const facts = new Map<string, string>(SETTINGS.map((path) => [path, readIfThere(path)]));
    facts.set("the host's name", hostname());
    facts.set("the host's interfaces", Object.keys(networkInterfaces()).sort().join());
    facts.set("the secret", digest(this.secret));
    facts.set(
      "the read-only directory",
      readdirSync(this.readOnly)
        .map((name) => `${name} ${digest(join(this.readOnly, name))}`)
        .join(),
    );
    // That it sleeps right now proves nothing; that it is stopped or dead would.
    const status = readIfThere(`/proc/${this.victim}/status`).replace(/^State:\t[RSD] .*$/m, "State:\tlives");
    facts.set("the host's process", JSON.stringify(status.match(/^(State|TracerPid|Uid|Gid|Cpus_allowed):.*$/gm)));
    facts.set("the limits of the host's process", readIfThere(`/proc/${this.victim}/limits`));
    return facts;
  }
}

function digest(path: string): string {
  if (!existsSync(path)) return "missing";
  const { mode, uid, gid, size, mtimeMs } = statSync(path);
  return JSON.stringify([mode, uid, gid, size, mtimeMs, createHash("sha256").update(readFileSync(path)).digest("hex")]);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
