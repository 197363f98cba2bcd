import { chown, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { explain, type Level, type Policy, Sandbox } from "bulkhead";
import { learn } from "bulkhead/learn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Names } from "../egress/support/names.js";
import { type Served, serveHttp } from "../egress/support/servers.js";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually, sleep } from "../support/time.js";

/** What a client does: through the HTTP proxy, through SOCKS, and by name as if there were no proxy. */
const CLIENT = `
  wget -q -O - http://web.test:$PORT/proxy
  printf '\\5\\1\\0\\5\\1\\0\\3\\10web.test'"$(printf '\\\\%o\\\\%o' $((PORT / 256)) $((PORT % 256)))GET /socks HTTP/1.0\\r\\nHost: web.test:$PORT\\r\\n\\r\\n" |
    nc -w 5 127.0.0.1 1080 | tail -n 1
  wget -q -Y off -O - http://web.test:$PORT/name`;
/** What a server does. */
const SERVER = "nc -l -p 7000 -e echo served";
const FILES = "mkdir -p d; echo x > d/f; cat d/f; rm -r d; sleep 0; stty size 2>/dev/null; tty; true";

let directory: TemporaryDirectory;
let web: Served;
let names: Names;
/**
 * By name, a profile of each kind that lacks what init does itself: what the job that it is for was seen to need, and
 * no more.
 */
const profiles: Record<string, string> = {};

beforeAll(async () => {
  directory = await TemporaryDirectory.create("profile-kinds", 0o755);
  web = await serveHttp((request, response) => response.end(`hello ${request.url}\n`));
  names = await Names.start({ "web.test": ["127.0.0.1"] });
  const of = async (name: string, job: string, policy: Policy) => {
    const { least } = await learn(["sh", "-c", job], policy, { egress: { resolver: { servers: names.servers } } });
    for (const [kind, action] of [
      ["learned", "SCMP_ACT_ERRNO"],
      ["killing", "SCMP_ACT_KILL_PROCESS"],
    ] as const) {
      const { defaultErrnoRet, ...rest } = least.seccomp;
      const errno = kind === "learned" ? { defaultErrnoRet } : {};
      const path = directory.join(`${kind}-${name}.json`);
      await writeFile(path, JSON.stringify({ ...rest, ...errno, defaultAction: action }));
      profiles[`${kind} ${name}`] = path;
    }
  };
  await of("files", FILES, {});
  await of("client", CLIENT, { network: networkOf(web), env: { PORT: String(web.port) } });
  await of("server", `${SERVER} & sleep 1; nc 127.0.0.1 7000 </dev/null; wait`, {});
  await writeFile(directory.join("all.json"), JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }));
});
afterAll(async () => {
  await Promise.all([web, names, directory].map((each) => each[Symbol.asyncDispose]()));
});

function networkOf({ port }: Served): Policy["network"] {
  return { allow: [{ host: "web.test", ports: port, protocol: "http", private: true }] };
}

/** The kinds of profile, and which of the learned ones a feature is tried under. */
const KINDS = ["default", "strict", "all", "learned", "killing"] as const;

function policyUnder(kind: (typeof KINDS)[number], job: "files" | "client" | "server"): Policy {
  if (kind === "default" || kind === "strict") return { syscalls: kind };
  return { syscalls: { profile: kind === "all" ? directory.join("all.json") : (profiles[`${kind} ${job}`] ?? "") } };
}

await forEachLevel((level: Level) => {
  describe.each(KINDS)("under a profile of the kind %s", (kind) => {
    test("programs start and end, one more does, and one that is not there is said not to be", async () => {
      await using sandbox = await Sandbox.create({ level, ...policyUnder(kind, "files") });
      expect(await shell(sandbox, "echo x > f; cat f; exit 3")).toMatchObject({ stdout: "x\n", exitCode: 3 });
      expect(await sandbox.run(["cat"], { input: "input" })).toMatchObject({ stdout: "input", exitCode: 0 });
      const missing = { exitCode: 127, error: { code: "EXEC_NOT_FOUND" } };
      expect(await sandbox.run(["no-such-program"])).toMatchObject(missing);
      const unfit = { exitCode: 126, error: { code: "EXEC_NOT_EXECUTABLE" } };
      expect(await sandbox.run(["/work"])).toMatchObject(unfit);
      expect((await sandbox.stats()).memoryBytes).toBeDefined();
    });

    test("terminals and signals work", async () => {
      await using sandbox = await Sandbox.create({ level, ...policyUnder(kind, "files") });
      const terminal = await sandbox.exec(["tty"], { tty: { rows: 24, cols: 80 }, buffer: true });
      expect((await terminal.result).stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
      const sleeper = await sandbox.exec(["sleep", "60"]);
      sleeper.kill("SIGTERM");
      expect(await sleeper.result).toMatchObject({ signal: "SIGTERM" });
    });

    test("files are served, from the sandbox and from a directory of the host", async () => {
      await using data = await TemporaryDirectory.create("profile-data", 0o777);
      if (process.getuid?.() === 0) await chown(data.path, 1000, 1000);
      await using sandbox = await Sandbox.create({
        level,
        ...policyUnder(kind, "files"),
        files: [{ host: data.path, at: "/data", mode: "rw" }],
        resources: { memory: "128MiB", pids: 16, openFiles: 64 },
      });
      for (const at of ["/work", "/data"]) {
        const watched = firstEvent(sandbox, at);
        await eventually("something is seen", 10_000, async () => {
          await sandbox.files.mkdir(`${at}/d`).catch(() => undefined);
          await sandbox.files.remove(`${at}/d`);
          return await Promise.race([watched, sleep(20).then(() => undefined)]);
        });
        await sandbox.files.mkdir(`${at}/d`);
        await sandbox.files.write(`${at}/d/a`, "kept");
        await sandbox.files.rename(`${at}/d/a`, `${at}/d/b`);
        expect((await sandbox.files.list(`${at}/d`)).map(({ name }) => name)).toEqual(["b"]);
        expect((await sandbox.files.read(`${at}/d/b`)).toString()).toBe("kept");
        expect((await sandbox.files.stat(`${at}/d/b`)).size).toBe(4);
        expect((await shell(sandbox, `cat ${at}/d/b`)).stdout).toBe("kept");
        await sandbox.files.remove(`${at}/d`, { recursive: true });
      }
    });

    test("programs inside have a network, or the start is refused with the missing calls", async () => {
      const policy: Policy = {
        level,
        ...policyUnder(kind, "client"),
        network: networkOf(web),
        env: { PORT: String(web.port) },
      };
      if (kind === "strict") {
        await expect(explain(policy)).rejects.toMatchObject({
          code: "PROFILE_INVALID",
          path: "strict",
          detail: expect.stringMatching(/^network: .*without socket, connect/),
        });
        return;
      }
      await using sandbox = await Sandbox.create(policy, { egress: { resolver: { servers: names.servers } } });
      expect((await shell(sandbox, CLIENT)).stdout).toBe("hello /proxy\nhello /socks\nhello /name\n");
    });

    test("a port inside can be exposed, where a program may listen on one", async () => {
      await using sandbox = await Sandbox.create({ level, ...policyUnder(kind, "server") });
      await using exposed = await sandbox.expose(7000);
      const server = await sandbox.exec(["sh", "-c", SERVER]);
      const got = async () => await textFrom(exposed.port);
      if (kind === "strict") {
        expect((await server.result).exitCode).not.toBe(0);
        expect(await got()).toBe("");
      } else {
        await expect.poll(got).toBe("served\n");
      }
    });
  });

  test.runIf(level === "container" || level === "chroot")(
    "the workload is under its own filter beside init's, as the broker sees it from outside",
    async () => {
      for (const [kind, base, all] of [
        ["default", 2, 2],
        ["strict", 2, 3],
        ["killing", 2, 3],
      ] as const) {
        await using sandbox = await Sandbox.create({ level, ...policyUnder(kind, "files") });
        await sandbox.exec(["sleep", "60"]);
        const { init, processes } = await sandbox.evidence();
        expect(init.seccompFilters).toBe(base);
        const workload = (processes ?? []).filter(({ pid }) => pid !== init.pid);
        expect(workload.map(({ seccompFilters }) => seccompFilters)).toEqual([all]);
      }
    },
  );
});

async function firstEvent(sandbox: Sandbox, at: string): Promise<string | undefined> {
  for await (const { name } of sandbox.files.watch(at)) return name;
  return undefined;
}

async function textFrom(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  try {
    for await (const chunk of socket) text += String(chunk);
  } catch {
    // Reset: nobody listens yet.
  }
  return text;
}
