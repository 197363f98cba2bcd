/**
 * The bridge of a service that a component has taken over: another program runs in its place, as confined as it is and
 * with the same connections.
 */

import { spawn } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Sandbox } from "bulkhead";
import { describe, expect, it } from "vitest";
import type { Broker } from "../../packages/bulkhead/src/broker/broker.js";
import { freshId } from "../../packages/bulkhead/src/broker/fresh-id.js";
import { BRIDGE } from "../../packages/bulkhead/src/contract/generated/plan-constants.js";
import { openIds } from "../../packages/bulkhead/src/helpers/ids.js";
import { probePath, wardenPath } from "../../packages/bulkhead/src/host/locate.js";
import type { Joins } from "../../packages/bulkhead/src/sandbox/prepare/options.js";
import { createWithoutLinks } from "../../packages/bulkhead/src/sandbox/sandbox.js";
import { SOCKETS, serve, Together } from "../support/components.js";
import { descendantsOf } from "../support/host.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";

const isRoot = process.getuid?.() === 0;

/** Two components of a service, and the hub that its bridge would hold. */
class TakenOver implements Joins, AsyncDisposable {
  readonly #all = new Together();
  readonly #id = freshId();
  hub: Socket | undefined;

  async join(broker: Broker, sandbox: string): Promise<void> {
    this.hub ??= await broker.hub(this.#id);
    await eventually("the broker knows the hub", 30_000, async () => await broker.join(sandbox, BRIDGE, this.#id));
  }

  async component(): Promise<Sandbox> {
    const files = [{ tmpfs: SOCKETS, size: "64KiB", exec: false }];
    return this.#all.use(await createWithoutLinks({ root: "host", level: "container", files }, { joins: this }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all[Symbol.asyncDispose]();
    this.hub?.destroy();
  }
}

/** Runs one attempt in the place of the bridge. Empty: the kernel ended it for what it tried. */
async function attempt(hub: Socket, argv: readonly string[]): Promise<{ outcome: string; detail: string }> {
  const ids = isRoot ? openIds() : undefined;
  try {
    const own = ids === undefined ? [] : ["--ids", "7"];
    const helper = ["helper", "--parent", String(process.pid), "--descriptors", "7", ...own];
    const child = spawn(wardenPath(), [...helper, "--program", probePath(), "--", "probe", ...argv], {
      stdio: ["ignore", "pipe", "ignore", "pipe", "ignore", "ignore", hub, ...(ids === undefined ? [] : [ids.fd])],
      env: {},
      cwd: "/",
    });
    if (child.stdout === null) throw new Error("spawn");
    const [tried, failure] = await Promise.all([
      text(child.stdout),
      text(child.stdio[3] as unknown as NodeJS.ReadableStream),
    ]);
    expect(failure).toBe("");
    const { outcome, detail = "" } = JSON.parse(tried === "" ? '{"outcome":"refused"}' : tried);
    return { outcome, detail };
  } finally {
    ids?.close();
  }
}

/**
 * Says what it can over each connection that it holds: to inits, to the broker. Each gets bytes and descriptors. The
 * inits hand it nothing that it does not ask for.
 */
const MISUSE = `
import array, socket, struct, sys, os
hub = socket.socket(fileno=6)
hub.settimeout(5)
members = []
while len(members) < 2:
    name, fds, _, _ = socket.recv_fds(hub, 64, 1)
    members += [socket.socket(fileno=fd) for fd in fds]
file = os.open(sys.argv[1], os.O_RDONLY)
frame = lambda kind, stream, text: struct.pack(">IBI", 5 + len(text), kind, stream) + text
said = [b"", b"\\0" * 8, b"\\xff" * 8, b"x" * 60000, frame(1, 0, b'{"generation":1,"features":[]}')]
said += [frame(2, 1, b'{"op":"exec","argv":["/bin/touch","/tmp/was-here"],"env":{},"cwd":"/","stdin":"null"}')]
sent = 0
for one in [hub, *members]:
    one.setblocking(False)
    for text in said * 50:
        for fds in [], [file]:
            try:
                socket.send_fds(one, [text], fds)
                sent += 1
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
heard = 0
for member in members:
    try:
        heard += len(member.recv(64))
    except BlockingIOError:
        pass
print("sent" if sent > 10 else "nothing", heard, flush=True)
`;

describe("a bridge that was taken over", () => {
  it("has its connections and nothing else: no file, process, socket or network of anyone", async () => {
    await using service = new TakenOver();
    await using files = await TemporaryDirectory.create("bridge", 0o777);
    const canary = files.join("canary");
    await writeFile(canary, "untouched\n");
    await chmod(canary, 0o666);
    const [front, signer] = [await service.component(), await service.component()];
    await serve(signer, "/tmp/sign.sock");
    await signer.files.write("/tmp/key", "secret");
    const hub = service.hub;
    if (hub === undefined) throw new Error("no hub");
    const others = descendantsOf(process.pid).map(String);
    // The library, the broker, both inits and the server.
    expect(others.length).toBeGreaterThanOrEqual(5);
    const attempts = others.flatMap((pid) => [
      ...[
        ["kill", pid, "9"],
        ["ptrace-seize", pid],
        ["memory", pid],
        ["environment", pid],
        ["descriptors", pid],
      ],
      ...[
        ["take-descriptor", pid, "0"],
        ["proc-root", "/tmp/key", pid],
        ["unix", `/proc/${pid}/root/tmp/sign.sock`],
      ],
    ]);
    attempts.push(["read", canary], ["write", canary, "x"], ["read", "/etc/passwd"], ["entries", "/proc"]);
    attempts.push(
      ["tcp", "127.0.0.1", "22"],
      ["udp", "127.0.0.1", "53", "x"],
      ["abstract", "anything"],
      ["interfaces"],
    );
    for (const argv of attempts) {
      const { outcome } = await attempt(hub, argv);
      expect(["refused", "absent"], argv.join(" ")).toContain(outcome);
    }
    expect((await attempt(hub, ["own-leaks"])).detail).toMatch(/^3=socket:\[\d+\] 6=socket:\[\d+\]$/);
    expect(await readFile(canary, "utf8")).toBe("untouched\n");
    for (const sandbox of [front, signer]) expect((await sandbox.run(["echo", "alive"])).stdout).toBe("alive\n");
    expect(await signer.files.readText("/tmp/key")).toBe("secret");
  });

  it("makes neither inits nor the broker do anything by what it says to them", async () => {
    await using service = new TakenOver();
    const [front, back] = [await service.component(), await service.component()];
    if (service.hub === undefined) throw new Error("no hub");
    const child = spawn("python3", ["-c", MISUSE, "/etc/passwd"], {
      stdio: ["ignore", "pipe", "inherit", "ignore", "ignore", "ignore", service.hub],
    });
    if (child.stdout === null) throw new Error("spawn");
    expect(await text(child.stdout)).toBe("sent 0\n");
    for (const sandbox of [front, back]) {
      expect((await sandbox.run(["ls", "/tmp"])).stdout).not.toContain("was-here");
      const { stdout } = await sandbox.run(["sh", "-c", "ls /proc/self/fd | wc -l"]);
      expect(stdout.trim()).toBe("4");
    }
    // The broker still serves this session.
    expect((await (await service.component()).run(["echo", "more"])).stdout).toBe("more\n");
  });
});
