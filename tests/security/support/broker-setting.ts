import { execFileSync } from "node:child_process";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { explain, type Plan } from "bulkhead";
import { SystemBroker } from "../../support/system-broker.js";
import { TemporaryDirectory } from "../../support/temporary.js";
import { Arena } from "./arena.js";
import { Caller } from "./caller.js";

/** Ids on the host. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** May use the broker, and is nobody otherwise. */
export const ALLOWED: User = { uid: 61_001, gid: 61_001 };
/** May not. */
export const STRANGER: User = { uid: 61_002, gid: 61_002 };

const BASE = fileURLToPath(new URL("../../../packages/bulkhead/assets/base", import.meta.url));

/** A root broker, an unprivileged user of it, and what that user must not get: made once for a file of attacks. */
export class BrokerSetting implements AsyncDisposable {
  private constructor(
    readonly broker: SystemBroker,
    readonly arena: Arena,
    readonly directory: TemporaryDirectory,
    /** A plan that is granted to the caller as it is. */
    readonly plan: Plan,
  ) {}

  static async create(flags: readonly string[] = []): Promise<BrokerSetting> {
    const directory = await TemporaryDirectory.create("caller", 0o755);
    // The checkout may lie where the caller cannot go.
    execFileSync("cp", ["-a", BASE, directory.join("base")]);
    await mkdir(directory.join("own"));
    await writeFile(directory.join("own/file"), "the caller's own\n");
    for (const path of ["own", "own/file"]) await chown(directory.join(path), ALLOWED.uid, ALLOWED.gid);
    await mkdir(directory.join("theirs"), { mode: 0o700 });
    await writeFile(directory.join("theirs/secret"), "another user's\n", { mode: 0o644 });
    for (const path of ["theirs", "theirs/secret"]) await chown(directory.join(path), STRANGER.uid, STRANGER.gid);
    const { plan } = await explain({ level: "container", resources: { memory: "32MiB", pids: 16 } });
    const own = {
      ...plan,
      root: { ...plan.root, source: { kind: "directory", path: directory.join("base"), owner: null } },
    } as Plan;
    const arena = await Arena.create();
    const broker = await SystemBroker.start(["--allow-uid", String(ALLOWED.uid), ...flags]);
    return new BrokerSetting(broker, arena, directory, own);
  }

  /** The unprivileged user. */
  async caller(): Promise<Caller> {
    const caller = await Caller.connect(this.broker.socket, ALLOWED);
    if (caller === undefined) throw new Error("the broker refused a caller that it was told to allow");
    return caller;
  }

  /** The host is as it was, and the broker serves others. */
  async assertIntact(): Promise<void> {
    this.arena.assertIntact();
    await using other = await this.caller();
    const verdict = await other.launch({ ...structuredClone(this.plan), id: `after${process.hrtime.bigint()}` });
    if (verdict?.type !== "launched")
      throw new Error(`the broker does not serve others any more: ${JSON.stringify(verdict)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.arena[Symbol.asyncDispose]();
    await this.directory[Symbol.asyncDispose]();
  }
}
