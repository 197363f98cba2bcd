import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { WARDEN_PATH } from "./programs.js";
import { TemporaryDirectory } from "./temporary.js";
import { eventually } from "./time.js";

/** A system broker of the test's own, on a socket in a directory that others can enter. */
export class SystemBroker implements AsyncDisposable {
  private constructor(
    private readonly directory: TemporaryDirectory,
    private readonly child: ChildProcess,
    readonly socket: string,
  ) {}

  /** `flags` as the warden takes them: `--allow-uid`, `--max-memory`, … */
  static async start(flags: readonly string[] = []): Promise<SystemBroker> {
    const directory = await TemporaryDirectory.create("broker", 0o755);
    const socket = directory.join("socket");
    const child = spawn(WARDEN_PATH, ["broker", "--socket", socket, ...flags], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const broker = new SystemBroker(directory, child, socket);
    await eventually("the broker listens", 5000, () => existsSync(socket) || child.exitCode !== null);
    return broker;
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
