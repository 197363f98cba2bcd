import { type ChildProcess, spawn } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openIds } from "../../packages/bulkhead/src/helpers/ids.js";
import { probePath, wardenPath } from "../../packages/bulkhead/src/host/locate.js";
import { TemporaryDirectory } from "../support/temporary.js";

/** A helper that a hostile registry has taken over: instead of the library's script it runs the program that tries. */

const isRoot = process.getuid?.() === 0;
const OTHER = 4711;

interface Tried {
  readonly attempt: string;
  readonly outcome: "refused" | "succeeded" | "absent" | "usage";
  readonly detail?: string;
}

interface Caller {
  readonly name: string;
  readonly uid: number;
}

const callers: readonly Caller[] = isRoot
  ? [
      { name: "root", uid: 0 },
      { name: "another user", uid: OTHER },
    ]
  : [{ name: "this user", uid: process.getuid?.() ?? -1 }];

let files: TemporaryDirectory;
let canary: string;
let listener: Server;
let port: number;
let unix: Server;
let victim: ChildProcess;

beforeAll(async () => {
  files = await TemporaryDirectory.create("helpers", 0o777);
  canary = files.join("canary");
  await writeFile(canary, "untouched\n");
  await chmod(canary, 0o666);
  listener = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const address = listener.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  unix = createServer((socket) => socket.destroy()).listen(files.join("socket"));
  await new Promise((resolve) => unix.once("listening", resolve));
  await chmod(files.join("socket"), 0o777);
});

afterAll(async () => {
  listener.close();
  unix.close();
  await files[Symbol.asyncDispose]();
});

describe.each(callers)("a helper of $name that was taken over", ({ uid }) => {
  /** A process of the same caller's: what a helper without a uid of its own could reach. */
  beforeAll(() => {
    victim = spawn("/bin/sleep", ["600"], { uid, stdio: "ignore", env: { SECRET: "of the victim" } });
  });
  afterAll(() => {
    victim.kill("SIGKILL");
  });

  const attempt = async (argv: readonly string[], network = false) => await attack(argv, { uid, network });
  const pid = () => String(victim.pid);

  it.each([
    ["read", "/etc/passwd"],
    ["read", "/etc/shadow"],
    ["read", "/proc/self/status"],
    ["read", "/proc/self/environ"],
    ["entries", "/"],
    ["entries", "/proc"],
    ["entries", "/root"],
    ["entries", "/tmp"],
    ["create", "/tmp/bulkhead-helper-was-here"],
    ["create", "/dev/shm/bulkhead-helper-was-here"],
    ["node", "/tmp/bulkhead-helper-null", "0o20666", "0x103"],
    ["core"],
  ])("does not get files: %s %s", async (...argv) => {
    expect((await attempt(argv)).outcome).not.toBe("succeeded");
  });

  it.each([["read"], ["write"], ["truncate"], ["reopen"], ["unlink"], ["chmod"], ["chown"], ["touch"]])(
    "does not %s a file that everybody may write",
    async (what) => {
      const rest = { write: ["x"], reopen: ["x"], chmod: ["0o777"], chown: ["0"] }[what] ?? [];
      expect((await attempt([what, canary, ...rest])).outcome).not.toBe("succeeded");
      expect(await readFile(canary, "utf8")).toBe("untouched\n");
    },
  );

  it.each([
    ["kill", "PID", "9"],
    ["kill", "PID", "0"],
    ["kill-all", "15"],
    ["queue-signal", "PID"],
    ["pidfd-signal", "PID"],
    ["ptrace-attach", "PID"],
    ["ptrace-seize", "PID"],
    ["vm-read", "PID", "0x400000"],
    ["vm-write", "PID", "0x400000"],
    ["memory", "PID"],
    ["environment", "PID"],
    ["descriptors", "PID"],
    ["take-descriptor", "PID", "0"],
    ["limit", "PID"],
    ["priority", "PID"],
    ["affinity", "PID"],
    ["compare", "PID"],
    ["proc-root", "/", "PID"],
    ["own-environment"],
  ])("does not reach processes: %s", async (...argv) => {
    const tried = await attempt(argv.map((word) => (word === "PID" ? pid() : word)));
    expect(tried.outcome, JSON.stringify(tried)).not.toBe("succeeded");
    expect(victim.exitCode ?? victim.signalCode).toBeNull();
  });

  it("starts no process, and has no descriptor but its connection", async () => {
    expect((await attempt(["processes", "3"])).detail).toBe("0 processes");
    expect((await attempt(["own-leaks"])).detail).toMatch(/^3=socket:\[\d+\]$/);
  });

  it.each([
    ["mount-type", "tmpfs", "/mnt"],
    ["mount-bind", "/etc", "/mnt"],
    ["open-tree", "/"],
    ["fsopen", "tmpfs"],
    ["unshare", "CLONE_NEWUSER"],
    ["clone", "CLONE_NEWUSER"],
    ["clone3", "CLONE_NEWUSER"],
    ["setuid", "0"],
    ["setgid", "0"],
    ["setgroups", "0"],
    ["capset"],
    ["ambient"],
    ["unconfined"],
    ["raise-limit", "NOFILE"],
    ["nice"],
    ["real-time"],
    ["abi-int80"],
    ["abi-x32"],
    ["syscall", "bpf"],
    ["syscall", "io_uring_setup"],
    ["syscall", "userfaultfd"],
    ["syscall", "keyctl"],
    ["syscall", "execve"],
  ])("gains no right: %s %s", async (...argv) => {
    const tried = await attempt(argv);
    expect(tried.outcome, JSON.stringify(tried)).not.toBe("succeeded");
  });

  it("has no network unless its kind needs one", async () => {
    for (const argv of [["tcp", "127.0.0.1", String(port)], ["udp", "127.0.0.1", String(port), "x"], ["interfaces"]])
      expect((await attempt(argv)).outcome).not.toBe("succeeded");
  });

  it("has TCP and UDP and nothing else where it does", async () => {
    expect((await attempt(["tcp", "127.0.0.1", String(port)], true)).outcome).toBe("succeeded");
    for (const argv of [
      ["unix", files.join("socket")],
      ["abstract", "anything"],
      ["socket", "17", "3", "0"],
      ["socket", "2", "3", "1"],
      ["low-port", "80"],
      ["new-interface"],
    ])
      expect((await attempt(argv, true)).outcome, argv.join(" ")).not.toBe("succeeded");
  });
});

describe.runIf(isRoot)("helpers of root", () => {
  it("each have a uid that no other has, and it is free again when its file of locks is closed", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => ownId()));
    expect(new Set(ids).size).toBe(8);
    for (const id of ids) expect(id).toBeGreaterThanOrEqual(0x7ffd_0000);
  });

  it("are refused without the file of locks, or with another file", async () => {
    await writeFile(files.join("other"), "");
    const handle = await import("node:fs/promises").then(({ open }) => open(files.join("other"), "r+"));
    for (const ids of [undefined, handle.fd]) {
      const { said } = await run(["unconfined"], { uid: 0, network: false, ids });
      expect(said).toContain("UID_RANGE_EXHAUSTED");
    }
    await handle.close();
  });

  it("are refused under another parent than said", async () => {
    const { said } = await run(["unconfined"], { uid: OTHER, network: false, parent: 1 });
    expect(said).toContain("the parent has ended");
  });
});

/** The uid of a helper that has not ended yet. */
async function ownId(): Promise<number> {
  const ids = openIds();
  const child = spawn(wardenPath(), argvOf(["spin"], { uid: 0, network: false }, 4), {
    stdio: ["ignore", "ignore", "ignore", "pipe", ids.fd],
    env: {},
  });
  try {
    for (;;) {
      const status = await readFile(`/proc/${child.pid}/status`, "latin1");
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      if (uid !== 0 && /^Seccomp:\s+2/m.test(status)) return uid;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    setTimeout(() => {
      child.kill("SIGKILL");
      ids.close();
    }, 500);
  }
}

interface How {
  readonly uid: number;
  readonly network: boolean;
  readonly parent?: number;
  readonly ids?: number | undefined;
}

async function attack(argv: readonly string[], how: How): Promise<Tried> {
  const ids = how.uid === 0 && isRoot ? openIds() : undefined;
  try {
    const { stdout, said } = await run(argv, { ...how, ids: ids?.fd });
    expect(said).toBe("");
    // One that is ended by the kernel for what it tried has not succeeded.
    return stdout === "" ? { attempt: argv[0] ?? "", outcome: "refused" } : (JSON.parse(stdout) as Tried);
  } finally {
    ids?.close();
  }
}

async function run(argv: readonly string[], how: How): Promise<{ stdout: string; said: string }> {
  const child = spawn(wardenPath(), argvOf(argv, how, how.ids === undefined ? undefined : 4), {
    stdio: ["ignore", "pipe", "ignore", "pipe", ...(how.ids === undefined ? [] : [how.ids])],
    env: {},
    cwd: "/",
    ...(how.uid === process.getuid?.() ? {} : { uid: how.uid, gid: how.uid }),
  });
  const control = child.stdio[3];
  if (child.stdout === null || control === null || control === undefined || !("on" in control))
    throw new Error("spawn");
  const [stdout, said] = await Promise.all([text(child.stdout), text(control as NodeJS.ReadableStream)]);
  return { stdout, said };
}

function argvOf(argv: readonly string[], { network, parent = process.pid }: How, ids: number | undefined): string[] {
  return [
    "helper",
    ...["--parent", String(parent), "--descriptors", "4"],
    ...(ids === undefined ? [] : ["--ids", String(ids)]),
    ...(network ? ["--network"] : []),
    ...["--program", probePath(), "--", "probe", ...argv],
  ];
}
