import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { BulkheadError, type Level, type Policy, run } from "bulkhead";
import { reportHost } from "bulkhead/host";
import type { Case } from "./list.js";

const PATTERN = "/proc/sys/kernel/core_pattern";
const PROFILE = "bulkhead-smoke-custom";
const asRoot = process.getuid?.() === 0;

/**
 * Tests that depend on the kernel's version and modules, and tests that change settings of the machine.
 */
export function kernelCases(level: Level): readonly Case[] {
  return [
    { name: `${level}: TCP ports are ruled by Landlock from ABI 4 on, and refused before`, check: () => ports(level) },
    { name: `${level}: sockets of the host are out of reach from ABI 9 on, unless named`, check: () => sockets(level) },
    { name: `${level}: UDP needs no rule of Landlock`, check: () => udp(level) },
    { name: `${level}: a limit of processes above the sandbox is not its own`, check: () => above(level) },
    { name: `${level}: a custom AppArmor profile is entered by its name`, check: () => custom(level) },
    { name: `${level}: a crash starts no core dump handler of the host`, check: () => crash(level) },
  ];
}

async function ports(level: Level): Promise<string | undefined> {
  const { facts } = await reportHost();
  const attempt = run(["sh", "-c", "nc -l -p 8080 2>&1"], { level, tcp: {} });
  if (facts.landlockAbi >= 4) {
    const { stdout } = await attempt;
    if (!stdout.includes("Permission denied")) throw new Error(`bound: ${stdout}`);
    return undefined;
  }
  const refused = await attempt.then(
    () => "it ran",
    (error: unknown) => (error instanceof BulkheadError ? error.code : String(error)),
  );
  if (refused !== "REQUIREMENT_UNMET") throw new Error(`ABI ${facts.landlockAbi}: ${refused}`);
  return undefined;
}

/** A server of the host in a mounted directory, and one of the sandbox's own beside it. */
async function sockets(level: Level): Promise<string | undefined> {
  const { facts } = await reportHost();
  const directory = mkdtempSync("/var/tmp/bulkhead-smoke-");
  chmodSync(directory, 0o777);
  const server = createServer((socket) => socket.end("host\n")).listen(join(directory, "host.sock"));
  try {
    await once(server, "listening");
    chmodSync(join(directory, "host.sock"), 0o777);
    const reached = async (named: boolean) => {
      const files = [{ host: directory, at: "/shared", ...(named ? { sockets: true } : {}) }];
      const { stdout } = await run(["python3", "-c", CLIENT], { level, root: "host", files });
      return stdout;
    };
    const told = facts.landlockAbi < 9 ? "host" : "EACCES";
    const found = [await reached(false), await reached(true)];
    if (found.join() !== [`${told}\nown\n`, "host\nown\n"].join()) throw new Error(JSON.stringify(found));
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
  return undefined;
}

const CLIENT = `
import errno, socket
def ask(path):
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(path)
        return client.recv(16).decode().strip()
    except OSError as error:
        return errno.errorcode[error.errno]
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/own.sock")
server.listen()
print(ask("/shared/host.sock"))
client = socket.socket(socket.AF_UNIX)
client.connect("/tmp/own.sock")
server.accept()[0].send(b"own")
print(client.recv(16).decode())
`;

/** As a resolver does: no bind, the kernel chooses the port in the middle of the call. */
async function udp(level: Level): Promise<string | undefined> {
  const { facts } = await reportHost();
  if (facts.landlockAbi < 4) return "no rules about ports here";
  const text = `
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 5353))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"sent", ("127.0.0.1", 5353))
print(server.recv(16).decode())
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("127.0.0.1", 5353))
client.send(b"connected")
print(server.recv(16).decode())`;
  const { stdout, stderr } = await run(["python3", "-c", text], { level, root: "host", tcp: {} });
  if (stdout !== "sent\nconnected\n") throw new Error(stdout + stderr);
  return undefined;
}

/** The group that the broker makes its own in gets a limit, which this program's processes are below as well. */
async function above(level: Level): Promise<string | undefined> {
  const { facts } = await reportHost();
  const file = `${facts.cgroup.parent ?? "/nowhere"}/pids.max`;
  if (!existsSync(file)) return "the broker's group has no limit of processes";
  if (process.getuid?.() !== 0) return "not root: the limit of the group above belongs to root";
  // Before 6.1 no kernel tells the one limit from the other.
  const before = readFileSync(file, "utf8");
  const exceeded = async (pids: number) => {
    const script = "for i in $(seq 60); do sleep 30 & done; true";
    return (await run(["sh", "-c", script], { level, resources: { pids } })).pidsExceeded;
  };
  try {
    writeFileSync(file, String(Number(readFileSync(file.replace(/max$/, "current"), "utf8")) + 40));
    const [host, own] = [await exceeded(200), await exceeded(12)];
    if (host || !own) throw new Error(`by the host: ${host}, by the sandbox: ${own}`);
  } finally {
    writeFileSync(file, before.trim());
  }
  return undefined;
}

/** Refuses one directory that everything else lets be written to. */
const TEXT = `profile ${PROFILE} flags=(attach_disconnected) {
  file,
  "/memfd:*" rmix,
  capability,
  network,
  unix,
  signal,
  ptrace,
  deny /work/** w,
}
`;

async function custom(level: Level): Promise<string | undefined> {
  const parser = "/usr/sbin/apparmor_parser";
  if (!existsSync("/sys/kernel/security/apparmor/profiles") || !asRoot) return "no AppArmor, or not root";
  if (!existsSync(parser)) return "no AppArmor parser";
  const policy: Policy = { level, apparmor: PROFILE, files: [{ tmpfs: "/open", size: "1MiB" }] };
  const early = await run(["true"], policy).then(String, (error: unknown) => (error as BulkheadError).code);
  if (early !== "APPARMOR_FAILED") throw new Error(`not loaded, and yet: ${early}`);
  const loading = ["--config-file", "/dev/null", "--skip-cache"];
  const loaded = spawnSync(parser, [...loading, "--replace"], { input: TEXT, encoding: "utf8" });
  if (loaded.status !== 0) throw new Error(loaded.stderr);
  try {
    const script =
      "echo x >/open/file && echo wrote; echo y >/work/file; read -r label </proc/self/attr/current; echo $label";
    const { stdout, stderr } = await run(["sh", "-c", script], policy);
    if (stdout !== `wrote\n${PROFILE} (enforce)\n` || !stderr.includes("Permission denied"))
      throw new Error(JSON.stringify([stdout, stderr]));
  } finally {
    spawnSync(parser, [...loading, "--remove"], { input: TEXT });
  }
  return undefined;
}

async function crash(level: Level): Promise<string | undefined> {
  if (!asRoot) return "not root";
  const [handler, trace] = ["/run/bulkhead-core", "/run/bulkhead-core-ran"];
  const before = readFileSync(PATTERN, "utf8");
  writeFileSync(handler, `#!/bin/sh\nwhile read -r _; do :; done\necho ran >${trace}\n`, { mode: 0o755 });
  writeFileSync(PATTERN, `|${handler}`);
  try {
    // That it would be started, but for the limit.
    spawnSync("sh", ["-c", "kill -ABRT $$"]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (!existsSync(trace)) return "no handler is started here at all";
    rmSync(trace);
    await run(["sh", "-c", "kill -ABRT $$"], { level });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (existsSync(trace)) throw new Error("the handler ran");
  } finally {
    writeFileSync(PATTERN, before);
    rmSync(handler, { force: true });
    rmSync(trace, { force: true });
  }
  return undefined;
}
