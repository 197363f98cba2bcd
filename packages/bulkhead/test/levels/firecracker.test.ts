import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FirecrackerApi } from "../../src/levels/microvm/firecracker/api.js";
import { describe as described } from "../../src/levels/microvm/firecracker/description.js";
import { FirecrackerLink } from "../../src/levels/microvm/firecracker/link.js";
import { memoryBeside, receiveSnapshot } from "../../src/levels/microvm/firecracker/received.js";
import type { Plan } from "../../src/plan/schema.js";

const standIn = fileURLToPath(new URL("../support/firecracker-stand-in.mjs", import.meta.url));
const COPY = 'a machine, and what is in it, "{}"';

/** As much of a plan as the library's end of a monitor reads. */
function planOf({ restored = false } = {}): Plan {
  const content = described({
    kernel: "/k",
    initramfs: "/i",
    images: ["/a", "/b"],
    memoryMib: 192,
    cpus: 3,
    commandLine: "quiet",
    acpi: true,
  });
  const mounts: unknown[] = [{ kind: "file", at: "/vm/machine.json", content }];
  if (restored) mounts.push({ kind: "bind", at: "/vm/snapshot" });
  return { mounts } as unknown as Plan;
}

let directory: string;
const running: ChildProcess[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-test-"));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const process of running.splice(0)) {
    process.kill("SIGKILL");
    if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
  }
  await rm(directory, { recursive: true });
});

/** A stand-in process, and connections to it as many as are asked for. */
async function started(
  fault = "",
): Promise<{ readonly process: ChildProcess; readonly connected: () => Promise<Socket> }> {
  const path = join(directory, "api");
  const process = spawn(globalThis.process.execPath, [standIn, path], {
    env: { FAULT: fault },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(process);
  if (process.stdout !== null) await once(process.stdout, "data");
  const connected = async () => {
    const socket = connect(path);
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  return { process, connected };
}

/** A connection whose other end plays the relay. */
async function relay(say: (socket: Socket) => void): Promise<Socket> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (word) => {
      if (word.toString() === "s") say(socket);
    });
  });
  const path = join(directory, "state");
  server.listen(path);
  await once(server, "listening");
  const socket = connect(path);
  sockets.push(socket);
  await once(socket, "connect");
  server.close();
  return socket;
}

function framed(...parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(part.length));
      return [length, Buffer.from(part)];
    }),
  );
}

async function linked(fault = "", plan = planOf()) {
  const { process, connected } = await started(fault);
  const state = await relay((socket) => socket.write(framed("devices", COPY)));
  const look = new FirecrackerApi(await connected());
  return {
    process,
    link: new FirecrackerLink(plan, await connected(), state),
    state: async () => (await look.call("GET", "/"))["state"],
  };
}

describe("the library's end of Firecracker", () => {
  it("creates a machine, pauses it, saves a copy, and resumes it", async () => {
    const { link, state } = await linked();
    await link.start();
    expect(await state()).toBe("Running");
    const file = join(directory, "copy");
    await link.save(file, 1000);
    expect(await state()).toBe("Paused");
    expect([await readFile(file, "utf8"), await readFile(memoryBeside(file), "utf8")]).toEqual(["devices", COPY]);
    await link.resume();
    expect(await state()).toBe("Running");
  });

  it("loads a copy, which stays paused until the library resumes it", async () => {
    const { link, state } = await linked("", planOf({ restored: true }));
    await link.start();
    expect(await state()).toBe("Paused");
    await link.resume();
    expect(await state()).toBe("Running");
  });

  it("gives Firecracker's own reason where it refuses", async () => {
    const { link } = await linked();
    await link.start();
    await expect(link.start()).rejects.toMatchObject({
      code: "VMM_FAILED",
      operation: "PUT /machine-config",
      detail: "The requested operation is not supported after starting the microVM.",
    });
  });

  it.each(["/machine-config", "/drives/image_1", "/vsock", "/actions"])("notices that it dies at %s", async (path) => {
    const { link, process } = await linked(`die ${path}`);
    await expect(link.start()).rejects.toMatchObject({ code: "VMM_FAILED" });
    await expect(link.resume()).rejects.toMatchObject({ code: "VMM_FAILED" });
    expect(process.signalCode ?? (await once(process, "exit"))[1]).toBe("SIGKILL");
  });

  it.each(["junk", "long"])("recognises %s, and sends no further request", async (kind) => {
    const { link } = await linked(`${kind} /boot-source`);
    await expect(link.start()).rejects.toMatchObject({ code: "VMM_PROTOCOL_VIOLATION" });
    await expect(link.resume()).rejects.toMatchObject({ code: expect.stringMatching(/^VMM_/) });
  });

  it("does not wait for ever", async () => {
    const { connected } = await started("hang /vm");
    const api = new FirecrackerApi(await connected());
    await expect(api.call("PATCH", "/vm", { state: "Paused" }, 50)).rejects.toMatchObject({
      code: "VMM_FAILED",
      detail: "no answer in 50 ms",
    });
  });
});

describe("the stand-in refuses what the real one refuses", () => {
  it.each([
    ["an unknown field", "PUT", "/vsock", { guest_cid: 3, uds_path: "/v", x: 1 }, /unknown field `x`/],
    ["a missing field", "PUT", "/machine-config", { vcpu_count: 1 }, /missing field `mem_size_mib`/],
    ["too many processors", "PUT", "/machine-config", { vcpu_count: 33, mem_size_mib: 1 }, /vcpu_count/],
    ["a path that is none", "PUT", "/machine", {}, /Invalid request method/],
    ["a start without a kernel", "PUT", "/actions", { action_type: "InstanceStart" }, /without kernel/],
    ["a pause before the start", "PATCH", "/vm", { state: "Paused" }, /before starting/],
    ["a copy before the start", "PUT", "/snapshot/create", { snapshot_path: "/s", mem_file_path: "/m" }, /before/],
  ] as const)("%s", async (_, method, path, body, reason) => {
    const { connected } = await started();
    const api = new FirecrackerApi(await connected());
    await expect(api.call(method, path, body)).rejects.toMatchObject({ detail: expect.stringMatching(reason) });
  });

  it("loading after configuring, and a copy of what runs", async () => {
    const { connected } = await started();
    const api = new FirecrackerApi(await connected());
    await api.put("/boot-source", { kernel_image_path: "/k" });
    const load = { snapshot_path: "/s", mem_backend: { backend_type: "File", backend_path: "/m" } };
    await expect(api.put("/snapshot/load", load)).rejects.toMatchObject({ code: "VMM_FAILED" });
    await api.put("/actions", { action_type: "InstanceStart" });
    const create = { snapshot_path: "/s", mem_file_path: "/m" };
    await expect(api.put("/snapshot/create", create)).rejects.toMatchObject({ code: "VMM_FAILED" });
  });
});

describe("a copy on its way out of the jail", () => {
  const receive = async (say: (socket: Socket) => void, most = 1000) =>
    await receiveSnapshot(await relay(say), join(directory, "copy"), most);

  it("comes in any pieces", async () => {
    await receive((socket) => {
      for (const byte of framed("", COPY)) socket.write(Buffer.of(byte));
    });
    expect(await readFile(memoryBeside(join(directory, "copy")), "utf8")).toBe(COPY);
  });

  it.each([
    ["more bytes than there can be", framed("devices", "x".repeat(100)), 50],
    ["a length beyond all numbers", Buffer.alloc(8, 0xff), 1000],
    ["bytes behind the end", Buffer.concat([framed("a", "b"), Buffer.from("c")]), 1000],
  ])("%s end it", async (_, bytes, most) => {
    await expect(receive((socket) => socket.write(bytes), most)).rejects.toMatchObject({
      code: "VMM_PROTOCOL_VIOLATION",
    });
  });

  it("is not whole when the connection ends", async () => {
    await expect(receive((socket) => socket.end(framed("devices").subarray(0, 12)))).rejects.toMatchObject({
      code: "VMM_FAILED",
    });
  });
});
