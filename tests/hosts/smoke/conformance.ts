import assert from "node:assert/strict";
import { chown, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, explain, type Level, run, Sandbox } from "bulkhead";
import { LayoutWriter } from "../../images/support/layout.js";
import { tar } from "../../images/support/tar.js";
import { processesWith } from "../../support/host.js";
import type { Case } from "./list.js";

const MIB = 1 << 20;
const DISK_OWNER = 54_321;

/** What a run promises, one case for each part of a kernel that keeps the promise. */
export function conformance(level: Level): readonly Case[] {
  const cases: Readonly<Record<string, () => Promise<string | undefined> | Promise<void>>> = {
    "the workload is not root, not process 1, without a capability, filtered": async () => {
      const { stdout } = await shell("id -u; echo $$; cat /proc/self/status");
      // Level chroot shares the host's user namespace, and with it the host's numbers.
      assert.match(stdout, level === "chroot" ? /^[1-9]\d*\n(?!1\n)\d+\n/ : /^1000\n(?!1\n)\d+\n/);
      for (const [field, value] of Object.entries({ CapPrm: "0+", CapBnd: "0+", NoNewPrivs: "1", Seccomp: "2" }))
        assert.match(stdout, new RegExp(`^${field}:\\s*${value}$`, "m"));
    },
    "only its own processes are seen, and no mount of the host's": async () => {
      const { stdout, ...ended } = await shell("ls /proc | grep -c '^[0-9]'; cat /proc/self/mountinfo");
      const seen = Number(stdout.split("\n", 1));
      // An empty answer would have no foreign mount either.
      assert.ok(seen >= 1 && seen <= 6, JSON.stringify({ stdout, ...ended }));
      // Its own control group it may read; seen from its namespace nothing is below another's path.
      const others = stdout.replace(/^\d+ \d+ \S+ (?:\/|(?:\/\.\.)+) \/sys\/fs\/cgroup\S* ro,.*$/gm, "");
      assert.doesNotMatch(others, / - (virtiofs|sysfs|cgroup2?|securityfs|debugfs) /);
      assert.equal([...stdout.matchAll(/^\d+ \d+ \S+ \S+ \/ /gm)].length, 1, `mounts at /:\n${stdout}`);
    },
    "the root is read-only; /tmp and the working directory are not": async () => {
      const { stdout } = await shell("touch /etc/x /bin/x /x 2>/dev/null; echo $?; touch /tmp/x /work/x; echo $?");
      assert.equal(stdout, "1\n0\n");
    },
    "no interface but loopback, and loopback works": async () => {
      const { stdout } = await shell(
        "ls /sys/class/net 2>/dev/null; cat /proc/net/dev | grep -c :; ping -c1 -W2 127.0.0.1 >/dev/null 2>&1; nc -l -p 4000 -e echo hi & sleep 1; nc 127.0.0.1 4000 </dev/null",
      );
      assert.match(stdout, /^(lo\n)?1\nhi\n$/);
    },
    "exit codes, signals and what is not there": async () => {
      assert.equal((await shell("exit 42")).exitCode, 42);
      assert.equal((await shell("kill -SEGV $$")).signal, "SIGSEGV");
      assert.equal((await run(["no-such-program"], { level })).exitCode, 127);
    },
    "input goes in and comes out again": async () => {
      const input = Buffer.alloc(2 * MIB, "0123456789abcdef\n");
      const { stdoutBytes } = await run(["cat"], { level }, { input });
      assert.equal(Buffer.compare(stdoutBytes, input), 0);
    },
    "a terminal": async () => {
      const result = await run(["sh", "-c", "test -t 0 && stty size"], { level }, { tty: { rows: 33, cols: 77 } });
      assert.equal(result.stdout.trim(), "33 77");
    },
    "too much memory is oomKilled": async () => {
      // In steps: one large piece at once is refused by the kernel of a small guest, and nobody is killed.
      const { oomKilled } = await shell("x=0123456789abcdef; while :; do x=$x$x; done", { memory: "48MiB" });
      assert.ok(oomKilled);
    },
    "too many processes is pidsExceeded": async () => {
      const { pidsExceeded } = await shell("for i in $(seq 40); do sleep 30 & done; true", { pids: 12 });
      assert.ok(pidsExceeded);
    },
    "too long is timedOut": async () => {
      assert.ok((await shell("sleep 600", { time: "2s" })).timedOut);
    },
    "a full disk is diskFull": async () => {
      assert.ok((await shell("head -c 3m /dev/zero >/tmp/big; sleep 1", { disk: "1MiB" })).diskFull);
    },
    "files are written, listed and read": async () => {
      await using sandbox = await Sandbox.create({ level });
      await sandbox.files.write("/work/one", "content");
      assert.equal(await sandbox.files.readText("/work/one"), "content");
      assert.deepEqual(
        (await sandbox.files.list("/work")).map(({ name }) => name),
        ["one"],
      );
    },
    "a directory of the host is written as its owner": async () => await writesAsOwner(level),
    "a program on the host's own system directories": async () => {
      const { stdout, stderr } = await run(["perl", "-e", "print 6*7"], { level, root: "host" });
      assert.equal(stdout, "42", stderr);
    },
    "an image of layers, with owners and without what upper ones hide": async () => await showsLayers(level),
    "a sandbox that is killed leaves no process": async () => {
      const sandbox = await Sandbox.create({ level });
      const process = await sandbox.exec(["sh", "-c", "(setsid sleep 987654 &) ; (sleep 987654 &) ; sleep 987654"]);
      process.result.catch(() => undefined);
      await sandbox.kill();
      assert.deepEqual(processesWith("sleep\u0000987654"), []);
    },
    "what the host cannot enforce is refused": async () => {
      const { enforcement } = await explain({ level });
      const lacking = enforcement.protections.find(({ status }) => status === "cannot");
      if (lacking === undefined) return "this host can enforce everything";
      const required = run(["true"], { level, require: [lacking.protection] });
      await assert.rejects(required, (error) => error instanceof BulkheadError && error.code === "REQUIREMENT_UNMET");
      return undefined;
    },
  };
  return Object.entries(cases).map(([name, check]) => ({ name: `${level}: ${name}`, check: unlessRefused(check) }));

  function shell(script: string, resources = {}) {
    return run(["sh", "-c", script], { level, resources });
  }
}

/** What a microVM cannot have is refused, which every suite looks at elsewhere. */
function unlessRefused(check: () => Promise<string | undefined> | Promise<void>): Case["check"] {
  return async () => {
    try {
      return (await check()) ?? undefined;
    } catch (error) {
      if (error instanceof BulkheadError && error.code === "MICROVM_UNSUPPORTED") return error.message;
      throw error;
    }
  };
}

/**
 * Unpacked in sandboxes, put together by overlayfs, mapped to the sandbox's ids where root can: each kernel has its own
 * way.
 */
async function showsLayers(level: Level): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-smoke-"));
  try {
    const writer = await LayoutWriter.create(join(directory, "image"));
    const shell = await readFile("packages/bulkhead/assets/base/bin/busybox");
    const web = { uid: 33, gid: 33 };
    const layers = [
      tar({ name: "bin/busybox", data: shell, mode: 0o755 }, { name: "bin/sh", type: "2", link: "busybox" }),
      tar(
        { name: "srv", type: "5", ...web, mode: 0o700 },
        { name: "srv/gone" },
        { name: "srv/own", data: "own", ...web },
      ),
      tar({ name: "srv/.wh.gone" }, { name: "srv/new", data: "new", ...web }),
    ];
    await writer.index(await writer.image(layers));
    const script = "cd /srv && busybox ls && busybox cat own new && busybox stat -c '%u %a' . && busybox id -u";
    const asRoot = process.getuid?.() === 0;
    const policy = { root: `oci:${writer.path}`, level, ...(asRoot ? { user: 33 } : {}), workdir: "/" };
    const { stdout, stderr } = await run(["/bin/sh", "-c", script], policy);
    assert.match(stdout, /^new\nown\nownnew(\d+) 700\n\1\n$/, stderr);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function writesAsOwner(level: Level): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-smoke-"));
  try {
    const owner = process.getuid?.() === 0 ? DISK_OWNER : (process.getuid?.() ?? 0);
    await chown(directory, owner, owner);
    const policy = { level, files: [{ host: directory, at: "/out", mode: "rw" as const }] };
    const result = await run(["sh", "-c", "echo made inside >/out/file"], policy).catch(notMapped);
    if (typeof result === "string") return result;
    const { exitCode, stderr } = result;
    assert.equal(exitCode, 0, stderr);
    assert.equal(await readFile(join(directory, "file"), "utf8"), "made inside\n");
    assert.equal((await stat(join(directory, "file"))).uid, owner);
    return undefined;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * Why what is below TMPDIR cannot be written: where that is a tmpfs, and the kernel older than the one that maps its
 * ids. The refusal names both.
 */
function notMapped(error: unknown): string {
  if (!(error instanceof BulkheadError) || error.code !== "MOUNT_IDMAP_UNSUPPORTED") throw error;
  assert.match(error.detail ?? "", / can since Linux \d+\.\d+, this is | cannot on any kernel$/);
  return error.message;
}
