import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Sandbox } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exceptAt, forEachLevel } from "../support/levels.js";
import type { TemporaryDirectory } from "../support/temporary.js";
import { eventually } from "../support/time.js";
import { Names } from "./support/names.js";
import { certificateFor } from "./support/servers.js";
import { smallRoot } from "./support/small-root.js";

const SECRET = "half-closed-secret-value";
const LARGE = 300_000;

/**
 * A client as real ones are written: says what it has to say, ends that half, and reads to the end.
 * `WAY HOST PORT WHAT`.
 */
const CLIENT = `
import os, socket, struct, sys, time
way, host, port, what = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
def head(text): return text.replace("\\n", "\\r\\n").encode()
def until(s, end):
    got = b""
    while not got.endswith(end):
        got += s.recv(1) or sys.exit("ended early: %r" % got)
    return got
greeting = b"\\5\\1\\0" + b"\\5\\1\\0\\3" + bytes([len(host)]) + host.encode() + struct.pack(">H", port)
prefix = {
    "connect": head(f"CONNECT {host}:{port} HTTP/1.1\\nHost: {host}:{port}\\n\\n"),
    "socks": greeting, "name": b"", "absolute": b"",
}[way]
s = socket.create_connection({"socks": ("127.0.0.1", 1080), "name": (host, port)}.get(way, ("127.0.0.1", 3128)), 30)
url = f"http://{host}:{port}/slow" if way == "absolute" else "/slow"
says = {
    "get": head(f"GET {url} HTTP/1.1\\nHost: {host}:{port}\\nConnection: close\\n\\n"),
    "upgrade": head(f"GET /socket HTTP/1.1\\nHost: {host}:{port}\\nConnection: Upgrade\\nUpgrade: websocket\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\nSec-WebSocket-Version: 13\\n\\n"),
    "count": b"x" * ${LARGE}, "reset": b"y", "greeted": b"z" * ${LARGE},
}[what]
eager = os.environ.get("EAGER") == "1"
if eager:
    # Everything at once, the end of it too: nothing is waited for.
    s.sendall(prefix + says)
    s.shutdown(socket.SHUT_WR)
elif prefix:
    s.sendall(prefix)
    if way == "connect": until(s, b"\\r\\n\\r\\n")
    else: until(s, b"\\0" * 6)
if what == "greeted":
    # The server has ended its half before this one begins.
    while s.recv(65536): pass
if not eager:
    s.sendall(says)
if what == "upgrade":
    until(s, b"\\r\\n\\r\\n")
    s.sendall(b"u" * ${LARGE})
if what == "reset":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.recv(1)
    time.sleep(0.2)
    s.close()
    sys.exit(0)
if not eager:
    s.shutdown(socket.SHUT_WR)
got = b""
try:
    while True:
        piece = s.recv(65536)
        if not piece: break
        got += piece
except ConnectionResetError:
    got += b" reset"
# Without the frame of a chunk, and what SOCKS says before.
sys.stdout.write(got[-60:].decode("latin1").removesuffix("\\r\\n0\\r\\n\\r\\n").split("\\r\\n")[-1].split("\\0")[-1])
`;

/** What servers on the host saw of their clients. */
const seen: string[] = [];

/** Counts what a client says to its end, and only then says so. */
function counting(socket: Socket): void {
  let bytes = 0;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.once("end", () => setTimeout(() => socket.end(`counted ${bytes}`), 50));
}

/** Ends its half at once, and notes what comes all the same. */
function endingFirst(socket: Socket): void {
  let bytes = 0;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.once("end", () => seen.push(`heard ${bytes}`));
  socket.end("greeting");
}

/** Says something, and resets; later, since Node takes a reset that comes together with data for an end (findings/). */
function resetting(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.write("before");
  socket.once("data", () => setTimeout(() => socket.resetAndDestroy(), 100));
  socket.on("data", () => undefined);
}

/** Notes how its client goes. */
function noting(socket: Socket): void {
  socket.write("!");
  socket.on("data", () => undefined);
  socket.once("error", (error: NodeJS.ErrnoException) => seen.push(`client: ${error.code}`));
  socket.once("end", () => seen.push("client: end"));
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const answer: RequestListener = (request, response) => {
  request.resume();
  setTimeout(() => {
    response.write("slowly ".repeat(LARGE / 7));
    setTimeout(() => response.end(`${request.headers["x-secret"] === SECRET ? "secretly " : ""}answered`), 50);
  }, 50);
};

/** A name each: of one name a few ports are listened on inside. */
function hostOf(server: string): string {
  return `${server.toLowerCase()}.half.test`;
}

const certificate = certificateFor(hostOf("https"));
const tcp = { counting, endingFirst, resetting, noting } as const;
const servers: Server[] = [];
const ports: Record<string, number> = {};
let names: Names;
let root: TemporaryDirectory;

beforeAll(async () => {
  root = await smallRoot();
  const http = createHttpServer(answer);
  http.on("upgrade", (_request, socket: Socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    counting(socket);
  });
  const all = { http, https: createHttpsServer(certificate, answer) } as Record<string, Server>;
  for (const [name, serve] of Object.entries(tcp)) all[name] = createServer({ allowHalfOpen: true }, serve);
  for (const [name, server] of Object.entries(all)) {
    servers.push(server);
    ports[name] = await listening(server);
  }
  names = await Names.start(Object.fromEntries(Object.keys(all).map((name) => [hostOf(name), ["127.0.0.1"]])));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await Promise.all([names, root].map((each) => each[Symbol.asyncDispose]()));
});

const events: EgressEvent[] = [];

async function sandboxAt(level: Sandbox["level"], at: string): Promise<Sandbox> {
  const open = (name: string) => ({ host: hostOf(name), ports: ports[name] ?? 1, private: true });
  return await Sandbox.create(
    {
      level,
      root: at,
      resources: { memory: "1GiB", pids: 128 },
      env: { NODE_OPTIONS: "--disable-wasm-trap-handler" },
      secrets: { TOKEN: { hosts: [`${hostOf("https")}:${ports["https"]}`], value: SECRET } },
      network: {
        allow: [
          { ...open("http"), protocol: "http" },
          { ...open("https"), protocol: "https" },
          ...Object.keys(tcp).map((name) => ({ ...open(name), protocol: "tcp" as const })),
        ],
      },
    },
    {
      egress: {
        resolver: { servers: names.servers },
        authorities: [certificate.cert],
        onEgressEvent: (event) => void events.push(event),
      },
    },
  );
}

await forEachLevel((level) => {
  describe("each half of a connection ends by itself", () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await sandboxAt(level, root.path);
    });
    afterAll(() => sandbox.kill());

    const says = async (way: string, server: string, what: string, eager = false) => {
      const argv = ["python3", "-c", CLIENT, way, hostOf(server), String(ports[server]), what];
      const { stdout, stderr } = await sandbox.run(argv, { env: { EAGER: eager ? "1" : "0" }, timeoutMs: 50_000 });
      return `${stdout}${stderr}`;
    };
    const WAYS = ["connect", "socks", "name"] as const;

    test.each(WAYS)("of TCP that is not looked into, by %s", async (way) => {
      expect(await says(way, "counting", "count")).toBe(`counted ${LARGE}`);
      expect(await says(way, "counting", "count", true)).toBe(`counted ${LARGE}`);
    });

    test.each([...WAYS, "absolute"])("of HTTP that is looked into, by %s", async (way) => {
      expect(await says(way, "http", "get")).toContain("answered");
      expect(await says(way, "http", "get", true)).toContain("answered");
    });

    test.each(WAYS)("of a WebSocket, by %s", async (way) => {
      expect(await says(way, "http", "upgrade")).toBe(`counted ${LARGE}`);
    });

    test.each(WAYS)("where the server is the first to end, by %s", async (way) => {
      seen.length = 0;
      await says(way, "endingFirst", "greeted");
      await eventually("the server heard all", 10_000, () => seen.includes(`heard ${LARGE}`));
    });

    test.each(WAYS)("and a reset is a reset, by %s", async (way) => {
      expect(await says(way, "resetting", "count")).toMatch(/ reset$|ConnectionResetError|BrokenPipeError/);
      seen.length = 0;
      await says(way, "noting", "reset");
      await eventually("the server noticed", 10_000, () => seen.length > 0);
      expect(seen).toEqual(["client: ECONNRESET"]);
    });

    test("busybox's nc, which ends its half with its input", async () => {
      const request = `GET /slow HTTP/1.0\\r\\nHost: ${hostOf("http")}:${ports["http"]}\\r\\n\\r\\n`;
      const script = `printf '${request}' | busybox nc ${hostOf("http")} ${ports["http"]} | tail -c 8`;
      expect((await sandbox.run(["sh", "-c", script])).stdout).toBe("answered");
    });

    test("of an exposed port, both ways, and its resets", async () => {
      const program = `
import socket, struct, sys
s = socket.socket(); s.bind(("127.0.0.1", 7000)); s.listen(5)
while True:
    c, _ = s.accept(); n = 0
    while True:
        piece = c.recv(65536)
        if not piece: break
        n += len(piece)
    if n == 1:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
        continue
    c.sendall(b"counted %d" % n); c.close()
`;
      await using exposed = await sandbox.expose(7000);
      await sandbox.exec(["python3", "-c", program]);
      const dial = async (bytes: number) => {
        const socket = connect({ port: exposed.port, host: exposed.address, allowHalfOpen: true });
        let text = "";
        socket.on("data", (chunk) => {
          text += String(chunk);
        });
        socket.on("error", (error: NodeJS.ErrnoException) => {
          text += error.code ?? "error";
        });
        socket.end(Buffer.alloc(bytes));
        await new Promise((resolve) => socket.once("close", resolve));
        return text;
      };
      await expect.poll(() => dial(LARGE), { timeout: 20_000 }).toBe(`counted ${LARGE}`);
      expect(await dial(1)).toBe("ECONNRESET");
    });
  });
});

const NODE_CLIENT = `
const { connect } = require("node:net"); const tls = require("node:tls");
const [port, mode] = process.argv.slice(1);
const proxy = connect({ host: "127.0.0.1", port: 3128, allowHalfOpen: true });
proxy.write("CONNECT https.half.test:" + port + " HTTP/1.1\\r\\nHost: https.half.test:" + port + "\\r\\n\\r\\n");
proxy.once("data", () => {
  const socket = tls.connect({ socket: proxy, servername: "https.half.test", allowHalfOpen: true });
  let text = "";
  socket.on("data", (chunk) => { text += chunk; });
  socket.on("error", (error) => { text += error.code; });
  socket.on("close", () => console.log(text.slice(-60)));
  const request = "GET /slow HTTP/1.1\\r\\nHost: https.half.test:" + port + "\\r\\nX-Secret: " + process.env.TOKEN + "\\r\\nConnection: close\\r\\n\\r\\n";
  if (mode === "reset") socket.write(request, () => setTimeout(() => proxy.resetAndDestroy(), 20));
  else socket.end(request);
});
`;

await exceptAt({
  microvm: "its programs are those of `root: host`, which a guest has not",
})((level) => {
  describe("TLS that is looked into, with a secret", () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await sandboxAt(level, "host");
    });
    afterAll(() => sandbox.kill());

    const node = async (mode: string) => {
      const argv = ["node", "-e", NODE_CLIENT, "--", String(ports["https"]), mode];
      const { stdout, stderr } = await sandbox.run(argv, { timeoutMs: 50_000 });
      return `${stdout}${stderr}`;
    };

    test("answers a client that has ended its half", async () => {
      expect(await node("end")).toContain("secretly answered");
    });

    test("survives a client that resets, and says so in the log", async () => {
      events.length = 0;
      await node("reset");
      await eventually("an event", 10_000, () => events.length > 0);
      expect(await node("end")).toContain("secretly answered");
    });

    test("curl and Python get their answers as ever", async () => {
      const url = `https://${hostOf("https")}:${ports["https"]}/slow`;
      const script = `curl -sS -H "X-Secret: $TOKEN" ${url} | tail -c 17; python3 -c 'import os, urllib.request; print(urllib.request.urlopen(urllib.request.Request("${url}", headers={"X-Secret": os.environ["TOKEN"]})).read()[-17:].decode())'`;
      expect((await sandbox.run(["sh", "-c", script])).stdout).toBe("secretly answeredsecretly answered\n");
    });
  });
});
