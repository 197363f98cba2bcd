import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { network as attacks } from "../security/attacks/network.js";
import { runAttacks } from "../security/support/run-attacks.js";
import { forEachLevel } from "../support/levels.js";
import { Hosts } from "./support/hosts.js";
import { Roots } from "./support/small-root.js";

/** What leaves by no proxy: each line says how one attempt ended, in its own words. */
const ATTEMPTS = `
import os, socket, struct
canary, port = int(os.environ["CANARY"]), int(os.environ["WEBPORT"])
def say(name, attempt):
    try: print(name, attempt(), flush=True)
    except OSError as error: print(name, "failed", flush=True)
def query(name):
    return b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00" + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\\0\\0\\x01\\0\\x01"
def dns_tcp(server, name):
    with socket.create_connection((server, 53), 5) as s:
        s.sendall(struct.pack("!H", len(query(name))) + query(name))
        s.settimeout(5)
        answer = s.recv(512)
        return "code", answer[5] & 15, "answers", answer[9]
def udp(host, port, text):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.connect((host, port)); s.send(text); return s.recv(64)
def proxied(request, at=3128):
    with socket.create_connection(("127.0.0.1", at), 5) as s:
        s.settimeout(10); s.sendall(request); return s.recv(4096)[:12]
say("dns over tcp, allowed", lambda: dns_tcp("127.0.0.1", "web.test"))
say("dns over tcp, other", lambda: dns_tcp("127.0.0.1", "other.test"))
say("dns over tcp, outside", lambda: dns_tcp("8.8.8.8", "other.test"))
say("dns by proxy", lambda: proxied(b"CONNECT 8.8.8.8:53 HTTP/1.1\\r\\nHost: 8.8.8.8:53\\r\\n\\r\\n"))
say("udp outside", lambda: udp("8.8.8.8", 53, query("other.test")))
say("udp to the host", lambda: udp("127.0.0.1", canary, b"out"))
say("quic to an allowed name", lambda: udp(socket.gethostbyname("web.test"), port, b"\\xc0" + bytes(1199)))
say("socks udp", lambda: proxied(b"\\x05\\x01\\x00\\x05\\x03\\x00\\x01\\0\\0\\0\\0\\0\\0", 1080))
def udp_ping():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
        s.settimeout(1); s.connect(("8.8.8.8", 0)); s.send(b"\\x08\\0\\xf7\\xff\\0\\0\\0\\0"); return s.recv(64)
say("ping", udp_ping)
for name in ("w\\u0435b.test", "xn--wb-7lc.test", "web\\u3002test.other.test", "\\uff11\\uff12\\uff17.0.0.1", "127\\u30020\\u30020\\u30021", "\\u24db\\u24de\\u24d2al", "web.test\\0.other.test", "web.test%00", "web.test..", ".web.test"):
    head = ("GET http://%s:%d/ HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n" % (name, canary, name)).encode()
    say("name " + ascii(name), lambda: b"reached" in proxied(head))
`;

const roots = new Roots();
afterAll(async () => await roots[Symbol.asyncDispose]());

await forEachLevel(
  (level) => {
    describe("with egress, every other way to the network stays closed", () => {
      runAttacks(
        level,
        attacks.map((attack) => ({
          ...attack,
          policy: { ...attack.policy, network: { allow: ["example.org", "tcp://example.com:*"] } },
        })),
      );
    });

    describe("ways around the proxy", () => {
      const datagrams: string[] = [];
      const udp = createSocket("udp4");
      let hosts: Hosts;
      let sandbox: Sandbox;

      beforeAll(async () => {
        hosts = await Hosts.start(["web.test", "shared.test", "denied.test"]);
        const { web, tls, canary } = hosts;
        udp.on("message", (message) => void datagrams.push(message.toString()));
        udp.bind(canary.port, "127.0.0.1");
        await once(udp, "listening");
        sandbox = await Sandbox.create(
          {
            level,
            root: await roots.at(level),
            env: hosts.env("web.test", "shared.test"),
            network: {
              allow: [
                { host: "web.test", ports: web.port, protocol: "http", private: true },
                { host: "shared.test", ports: tls.port, protocol: "https", private: true, intercept: true },
              ],
            },
          },
          { egress: hosts.egress },
        );
        await sandbox.files.write("/work/attempts.py", ATTEMPTS);
      });
      afterAll(async () => {
        await sandbox.kill();
        udp.close();
        await hosts[Symbol.asyncDispose]();
      });

      test("DNS over TCP, UDP, QUIC, ICMP, SOCKS for UDP and look-alike names lead nowhere", async () => {
        const { stdout, stderr } = await sandbox.run(["python3", "/work/attempts.py"], { timeoutMs: 50_000 });
        const said = new Map(
          stdout.split("\n").map((line) => [line.split(/ (?=\(|b'|failed|True|False)/)[0] ?? "", line] as const),
        );
        expect(said.get("dns over tcp, allowed"), stderr).toContain("('code', 0, 'answers', 1)");
        expect(said.get("dns over tcp, other")).toContain("('code', 3, 'answers', 0)");
        expect(said.get("dns by proxy")).toContain("HTTP/1.1 403");
        expect(said.get("socks udp")).not.toContain("\\x05\\x00\\x05\\x00");
        for (const name of [
          "dns over tcp, outside",
          "udp outside",
          "udp to the host",
          "quic to an allowed name",
          "ping",
        ])
          expect(said.get(name), name).toContain("failed");
        const lookAlikes = stdout.split("\n").filter((line) => line.startsWith("name "));
        expect(lookAlikes).toHaveLength(10);
        expect(lookAlikes.filter((line) => line.endsWith("True"))).toEqual([]);
        expect(datagrams).toEqual([]);
        expect(hosts.canary.connections()).toBe(0);
      });

      test("a dot at the end is the same name, and a name in other letters is not", async () => {
        const { stdout } = await sandbox.run([
          "sh",
          "-c",
          "curl -sS http://web.test.:$WEBPORT/; curl -sS http://WEB.TEST:$WEBPORT/",
        ]);
        expect(stdout).toBe("hello GET /\nhello GET /\n");
      });

      test("where TLS is looked into, Host is the name of the handshake", async () => {
        const curl = "curl -sS -m 10 -o /dev/null -w '%{http_code}\\n'";
        const { stdout } = await sandbox.run([
          "sh",
          "-c",
          `${curl} https://$TLS/; ${curl} -H 'Host: denied.test' https://$TLS/`,
        ]);
        expect(stdout).toBe("200\n421\n");
        expect(hosts.tls.requests.filter((request) => request.includes("denied.test"))).toEqual([]);
      });
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);
