import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { WARDEN_PATH } from "./programs.js";
import { TemporaryDirectory } from "./temporary.js";
import { eventually } from "./time.js";

/** A system broker of the test's own, on a socket in a directory that others can enter. */
export class SystemBroker implements AsyncDisposable {
  #said = "";

  private constructor(
    private readonly directory: TemporaryDirectory,
    private readonly child: ChildProcess,
    readonly socket: string,
  ) {}

  /**
   * Dies with this process, however that ends. `flags` as the warden takes them: `--allow-uid`, `--max-memory`, …;
   * `path`: not a socket of its own but that of a dead one.
   */
  static async start(flags: readonly string[] = [], path?: string): Promise<SystemBroker> {
    const directory = await TemporaryDirectory.create("broker", 0o755);
    const socket = path ?? directory.join("socket");
    const child = spawn("setpriv", ["--pdeathsig", "KILL", WARDEN_PATH, "broker", "--socket", socket, ...flags], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    const broker = new SystemBroker(directory, child, socket);
    child.stderr?.on("data", (chunk: Buffer) => {
      broker.#said += chunk.toString();
    });
    await eventually("the broker listens", 5000, () => broker.#answers());
    return broker;
  }

  /** A socket file alone may be a dead broker's. */
  async #answers(): Promise<boolean> {
    return await new Promise((resolve) => {
      const socket = connect(this.socket, () => resolve(true)).on("error", () => resolve(!this.alive));
      socket.on("connect", () => socket.destroy());
    });
  }

  /** What it has written to its log: a JSON object in each line, and nothing else. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.#said.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  /** The bytes of it. */
  get said(): string {
    return this.#said;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.alive) return;
    const exited = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGTERM");
    await this.directory[Symbol.asyncDispose]();
  }
}
