import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import {
  descendantsOf,
  groupsOf,
  isAlive,
  noneLeft,
  parentOf,
  processesIn,
  processesWith,
} from "../../support/host.js";
import { WARDEN_PATH } from "../../support/programs.js";
import { TemporaryDirectory } from "../../support/temporary.js";
import { eventually } from "../../support/time.js";

const VICTIM = fileURLToPath(new URL("victim.ts", import.meta.url));

/** How soon everything inside must be gone after one of our processes died. */
const GONE_WITHIN_MS = 1000;

interface Stage {
  readonly stage: "started" | "made" | "flooding";
  readonly inits?: readonly number[];
}

/** A program that uses the library, in a process of its own, with everything of it that could be left behind. */
export class Subject implements AsyncDisposable {
  readonly marker = `marker-${randomBytes(8).toString("hex")}`;
  readonly #temporary: TemporaryDirectory;
  /**
   * A name of the subject's own for the warden, so that its broker is known in the process table even before it made
   * anything.
   */
  readonly #warden: string;
  readonly #level: Level;
  readonly #child: ChildProcess;
  readonly #stages: Stage[] = [];
  #inits: readonly number[] = [];
  #noted: readonly number[] = [];
  #broker = 0;
  #groups: readonly string[] = [];

  private constructor(temporary: TemporaryDirectory, warden: string, level: Level, mode: "idle" | "flood" | "churn") {
    this.#temporary = temporary;
    this.#warden = warden;
    this.#level = level;
    const env = {
      ...process.env,
      TMPDIR: temporary.join("tmp"),
      BULKHEAD_TEST_MARKER: this.marker,
      BULKHEAD_WARDEN: warden,
    };
    this.#child = spawn(process.execPath, ["--import", "tsx", VICTIM, level, mode], {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });
    let text = "";
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#stages.push(JSON.parse(line) as Stage);
    });
  }

  static async start(level: Level, mode: "idle" | "flood" | "churn"): Promise<Subject> {
    const temporary = await TemporaryDirectory.create("subject");
    await mkdir(temporary.join("tmp"));
    await symlink(WARDEN_PATH, temporary.join("warden"));
    return new Subject(temporary, temporary.join("warden"), level, mode);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Known once `made` was reached. */
  get broker(): number {
    return this.#broker;
  }

  get inits(): readonly number[] {
    return this.#inits;
  }

  async reaches(stage: Stage["stage"]): Promise<void> {
    const found = await eventually(`the subject is ${stage}`, 20_000, () =>
      this.#stages.find((one) => one.stage === stage),
    );
    if (found.inits === undefined) return;
    this.#inits = found.inits;
    this.#broker = parentOf(found.inits[0] ?? 0) ?? 0;
    this.#groups = found.inits.flatMap(groupsOf);
    // What a Sentry runs are no processes of the host's: there it is runsc, Sentry and gofer of each that are to be
    // gone.
    const grown =
      this.#level === "gvisor"
        ? () => processesIn(this.#groups).size >= 3 * this.#inits.length
        : () => processesWith(this.marker).length > 60;
    await eventually("its trees have grown", 5000, grown);
  }

  /** Remembers what its broker runs now: at level gvisor nothing else tells whose a process is. */
  note(): void {
    this.#noted = processesWith(this.#warden).flatMap(descendantsOf);
  }

  /** Kills the program, which may have ended by itself when it lost its sandboxes. */
  end(): void {
    this.#child.kill("SIGKILL");
  }

  /** Throws unless everything inside is gone within a second. */
  async assertInsideGone(): Promise<void> {
    await eventually("what was noted is gone", GONE_WITHIN_MS, () => !this.#noted.some(isAlive));
    await noneLeft(this.marker, GONE_WITHIN_MS);
    await eventually("their groups are empty", GONE_WITHIN_MS, () => processesIn(this.#groups).size === 0);
    await eventually("every init is gone", GONE_WITHIN_MS, () => !this.#inits.some(isAlive));
  }

  /** Throws unless nothing is left at all: the broker, control groups, temporary files. */
  async assertNothingLeft(): Promise<void> {
    await this.assertInsideGone();
    await eventually("the broker is gone", 3000, () => processesWith(this.#warden).length === 0);
    await eventually(
      `control groups are gone: ${this.#groups.join(" ")}`,
      3000,
      () => !this.#groups.some((path) => existsSync(path)),
    );
    // tsx, with which the subject is started, keeps a cache of its own there.
    const files = readdirSync(this.#temporary.join("tmp")).filter(
      (name) => !name.startsWith("tsx-") && !name.startsWith("node-compile-cache"),
    );
    if (files.length > 0) throw new Error(`left in TMPDIR: ${files.join(" ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    for (const broker of processesWith(this.#warden)) process.kill(broker, "SIGKILL");
    await this.#temporary[Symbol.asyncDispose]();
  }
}
