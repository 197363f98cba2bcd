import { Sandbox } from "bulkhead";
import type { EgressEvent, EgressHook } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { Hosts } from "./support/hosts.js";
import { Roots } from "./support/small-root.js";

const roots = new Roots();
afterAll(async () => await roots[Symbol.asyncDispose]());

/** One web server by two names, one of them allowed; a TLS server; and one of the host's that nobody may reach. */
await forEachLevel(
  (level) => {
    describe("egress by rules", () => {
      const events: EgressEvent[] = [];
      let hook: EgressHook = () => undefined;
      let hosts: Hosts;
      let sandbox: Sandbox;

      beforeAll(async () => {
        hosts = await Hosts.start(["web.test", "secure.test", "other.test", "inner.test"], {
          "rebind.test": ["203.0.113.1", "127.0.0.1"],
        });
        const { web, tls, canary, certificate } = hosts;
        sandbox = await Sandbox.create(
          {
            level,
            root: await roots.at(level),
            env: hosts.env("web.test", "secure.test"),
            network: {
              allow: [
                { host: "web.test", ports: web.port, protocol: "http", private: true },
                { host: "secure.test", ports: tls.port, protocol: "https", private: true },
                `inner.test:${canary.port}`,
                `rebind.test:${canary.port}`,
              ],
            },
          },
          {
            egress: {
              ...hosts.egress,
              onEgress: (ask) => hook(ask),
              onEgressEvent: (event) => void events.push(event),
            },
          },
        );
        await sandbox.files.write("/work/ca.pem", certificate.cert);
      });
      afterAll(async () => {
        await sandbox.kill();
        await hosts[Symbol.asyncDispose]();
      });

      const said = async (command: string) => {
        const { stdout, stderr } = await sandbox.run(["sh", "-c", command], { timeoutMs: 30_000 });
        return `${stdout}${stderr}`;
      };

      test("lets through what is named: by proxy, CONNECT, SOCKS5, and for programs that know of no proxy", async () => {
        expect(await said("curl -sS http://$WEB/a?b")).toBe("hello GET /a?b\n");
        expect(await said("curl -sS -p http://$WEB/c")).toBe("hello GET /c\n");
        expect(await said("curl -sS -x $SOCKS_PROXY http://$WEB/d")).toBe("hello GET /d\n");
        expect(await said("curl -sS --noproxy '*' http://$WEB/e")).toBe("hello GET /e\n");
        expect(await said("curl -sS --cacert /work/ca.pem https://$TLS/")).toBe("secure\n");
        expect(await said("curl -sS --cacert /work/ca.pem -x $SOCKS_PROXY https://$TLS/")).toBe("secure\n");
        expect(await said("curl -sS --noproxy '*' --cacert /work/ca.pem https://$TLS/")).toBe("secure\n");
      });

      test("tells of each decision, with its rule, address and bytes", async () => {
        await said("curl -sS http://$WEB/told; curl -sS http://other.test:$WEBPORT/untold");
        const event = (path: string) => events.find((each) => each.path === path);
        await expect
          .poll(() => [event("/told"), event("/untold")])
          .toMatchObject([
            {
              verdict: "allow",
              name: "web.test",
              address: "127.0.0.1",
              port: hosts.web.port,
              via: "http",
              method: "GET",
            },
            { verdict: "deny", rule: null, name: "other.test", address: null, bytesIn: 0 },
          ]);
        expect(event("/told")?.bytesIn).toBeGreaterThan(10);
      });

      test("refuses every other destination, under any name", async () => {
        const before = [hosts.web.requests.length, hosts.tls.requests.length];
        const urls = [
          "http://other.test:$WEBPORT/",
          "http://web.test:$CANARY/",
          "http://127.0.0.1:$CANARY/",
          "http://localhost:$CANARY/",
          "http://[::1]:$CANARY/",
          "http://[::ffff:127.0.0.1]:$CANARY/",
          "http://0.0.0.0:$CANARY/",
          "http://127.1:$CANARY/",
          "http://2130706433:$CANARY/",
          "http://0x7f000001:$CANARY/",
          "http://0177.0.0.1:$CANARY/",
          "http://169.254.169.254/latest/meta-data/",
          "http://inner.test:$CANARY/",
          "http://web.test.other.test:$WEBPORT/",
          "http://xn--web-test.test:$WEBPORT/",
          "http://web%2Etest:$WEBPORT@other.test:$WEBPORT/",
        ];
        for (const url of urls) {
          for (const how of ["", "-p", "-x $SOCKS_PROXY", "--noproxy '*'"]) {
            const text = await said(`curl -gsS -m 8 --noproxy '' ${how} "${url}"`);
            expect(text, `${how} ${url}`).not.toMatch(/hello|reached|secure/);
          }
        }
        expect([hosts.web.requests.length, hosts.tls.requests.length]).toEqual(before);
        expect(hosts.canary.connections()).toBe(0);
      });

      test("connects to the address that it decided about, and ignores a second answer", async () => {
        for (let attempt = 0; attempt < 3; attempt += 1) {
          expect(await said(`curl -sS -m 3 -p "http://rebind.test:$CANARY/"`)).not.toContain("reached");
        }
        expect(hosts.canary.connections()).toBe(0);
      });

      test("a redirect to another host is a new question", async () => {
        expect(await said("curl -sSL http://$WEB/redirect")).toContain("bulkhead: no rule allows it");
      });

      test("a Host that is not the one decided on goes nowhere", async () => {
        await said(
          "curl -sS -m 5 -H 'Host: other.test' http://$WEB/x; curl -sS -m 5 -p -H 'Host: other.test' http://$WEB/x",
        );
        await said("curl -sS -m 5 --noproxy '*' -H 'Host: other.test' http://$WEB/x");
        expect(hosts.web.requests.filter((request) => request.includes("other.test"))).toEqual([]);
      });

      test("nor does a TLS handshake for another host, or for none", async () => {
        const before = hosts.tls.requests.length;
        await said("curl -sS -k -m 5 --connect-to other.test:443:secure.test:$TLSPORT https://other.test/");
        await said(
          "curl -sS -k -m 5 --noproxy '*' --connect-to other.test:443:secure.test:$TLSPORT https://other.test/",
        );
        await said("echo | timeout 5 openssl s_client -noservername -proxy 127.0.0.1:3128 -connect $TLS");
        expect(hosts.tls.requests.length).toBe(before);
      });

      test("plain bytes over a rule for HTTPS go nowhere", async () => {
        const before = hosts.tls.requests.length;
        expect(await said("curl -sS -m 5 -p http://$TLS/")).not.toContain("secure");
        expect(hosts.tls.requests.length).toBe(before);
      });

      test("DNS inside knows allowed names and no others, and carries nothing out", async () => {
        const asked = hosts.names.asked.length;
        const python = (host: string) => `python3 -c 'import socket; print(socket.gethostbyname("${host}"))' 2>&1`;
        expect(await said(python("web.test"))).toMatch(/^(198\.1[89]|127\.64)\./);
        expect(await said(python("other.test"))).toMatch(/gaierror/);
        expect(await said(python("secret-data.tunnel.other.test"))).toMatch(/gaierror/);
        expect(hosts.names.asked.length).toBe(asked);
      });

      test("the program that runs it may allow and refuse while it runs, but overrules no rule that denies", async () => {
        const asked: (string | null)[] = [];
        hook = ({ name, path, rule }) => {
          asked.push(`${name} ${path} ${rule}`);
          return name === "web.test" ? "deny" : "allow";
        };
        await sandbox.setNetwork({
          allow: [{ host: "web.test", ports: hosts.web.port, protocol: "http", private: true }],
          deny: [`denied.test:${hosts.web.port}`],
        });
        const get = (name: string) => said(`curl -sS -m 10 http://${name}:$WEBPORT/asked`);
        expect(await get("web.test")).toBe("bulkhead: the program that runs the sandbox refused it\n");
        expect(await get("denied.test")).toBe("bulkhead: a rule denies it\n");
        // Allowed it is, but where its name leads is not for this hook to say.
        expect(await get("other.test")).toContain("not public (loopback)");
        expect(asked).toEqual([`web.test /asked http://web.test:${hosts.web.port}`, "other.test /asked null"]);
        hook = () => undefined;
        expect(await get("web.test")).toBe("hello GET /asked\n");
      });

      test("other rules can be put in force while it runs", async () => {
        await sandbox.setNetwork({ allow: [{ host: "other.test", ports: hosts.web.port, private: true }] });
        expect(await said("curl -sS -m 5 http://other.test:$WEBPORT/now")).toBe("hello GET /now\n");
        expect(await said("curl -sS -m 5 http://$WEB/now")).toContain("bulkhead:");
        await sandbox.setNetwork("none");
        expect(await said("curl -sS -m 5 http://other.test:$WEBPORT/now")).toContain("bulkhead:");
      });
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);
