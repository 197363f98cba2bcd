import { Sandbox } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { Names } from "./support/names.js";
import { certificateFor, type Served, serveHttp } from "./support/servers.js";

const SECRET = "value-that-only-the-gate-knows";

/**
 * busybox's wget, the only client of the built-in root: it asks the proxy for https:// URLs, and speaks no TLS itself.
 */
await forEachLevel((level) => {
  describe("busybox's wget and an https:// URL", () => {
    const certificate = certificateFor("good.test", "second.test");
    const events: EgressEvent[] = [];
    let tls: Served;
    let untrusted: Served;
    let plain: Served;
    let names: Names;
    let sandbox: Sandbox;

    beforeAll(async () => {
      tls = await serveHttp((request, response) => {
        if (request.url === "/redirect")
          response.writeHead(302, { location: `https://second.test:${tls.port}/arrived` });
        const secret = request.headers["x-key"] === SECRET ? " with the secret" : "";
        response.end(`secure ${request.headers.host?.split(":")[0]} ${request.url}${secret}\n`);
      }, certificate);
      untrusted = await serveHttp((_request, response) => response.end("never\n"), certificateFor("good.test"));
      plain = await serveHttp((_request, response) => response.end("never\n"));
      names = await Names.start(
        Object.fromEntries(["good.test", "second.test", "other.test"].map((name) => [name, ["127.0.0.1"]])),
      );
      const open = { protocol: "https", private: true } as const;
      sandbox = await Sandbox.create(
        {
          level,
          secrets: { KEY: { hosts: [`good.test:${tls.port}`], value: SECRET } },
          network: {
            allow: [
              { ...open, host: "good.test", ports: [tls.port, untrusted.port, plain.port] },
              { ...open, host: "second.test", ports: tls.port, paths: ["/arrived"] },
              // Of another name than its certificate.
              { ...open, host: "other.test", ports: tls.port },
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
    });
    afterAll(async () => {
      await sandbox.kill();
      await Promise.all([tls, untrusted, plain, names].map((each) => each[Symbol.asyncDispose]()));
    });

    const wget = async (rest: string) => {
      events.length = 0;
      const { stdout, stderr } = await shell(sandbox, `wget -q -O - ${rest}`);
      return stdout + stderr;
    };

    test("gets an answer that the gate has fetched over checked TLS, and the log says how", async () => {
      expect(await wget(`https://good.test:${tls.port}/a?b`)).toBe("secure good.test /a?b\n");
      expect(events).toMatchObject([
        { via: "https", verdict: "allow", name: "good.test", port: tls.port, method: "GET", path: "/a", reason: null },
      ]);
      expect(tls.requests.at(-1)).toBe(`GET good.test:${tls.port} /a?b`);
    });

    test("has secrets put in, and follows a redirect from one to another", async () => {
      expect(await wget(`--header "X-Key: $KEY" https://good.test:${tls.port}/`)).toBe(
        "secure good.test / with the secret\n",
      );
      expect(events).toMatchObject([{ secrets: ["KEY"] }]);
      expect(await wget(`https://good.test:${tls.port}/redirect`)).toBe("secure second.test /arrived\n");
    });

    test.each([
      ["a path that no rule allows", () => `https://second.test:${tls.port}/elsewhere`, /403/, /no rule allows/],
      ["a host that no rule allows", () => "https://third.test/", /403/, /no rule allows it/],
      ["a port that no rule allows", () => "https://good.test/", /403/, /no rule allows it/],
      ["a certificate that nobody vouches for", () => `https://good.test:${untrusted.port}/`, /502/, /certificate/],
      ["a certificate of another name", () => `https://other.test:${tls.port}/`, /502/, /certificate/],
      ["plain HTTP where only TLS may be", () => `http://good.test:${tls.port}/`, /403/, /./],
    ])("is refused %s, with an event", async (_what, url, status, reason) => {
      expect(await wget(url())).toMatch(status);
      expect(events).toMatchObject([{ verdict: "deny", reason: expect.stringMatching(reason) }]);
    });

    test("a host that speaks no TLS has failed, and is not asked in clear text", async () => {
      expect(await wget(`https://good.test:${plain.port}/`)).toMatch(/502/);
      expect(events).toMatchObject([{ verdict: "allow", reason: expect.stringMatching(/certificate or handshake/) }]);
      expect(plain.requests).toEqual([]);
    });

    test.each([
      ["garbage", "hello\\r\\n\\r\\n", "400", /not a request/],
      [
        "a method that nobody knows",
        "BREW http://good.test/ HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n",
        "400",
        /HPE_INVALID_METHOD/,
      ],
      ["CONNECT without a port", "CONNECT good.test HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n", "400", /HOST:PORT/],
      ["a URL of the proxy's own", "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "400", /a proxy takes/],
      [
        "a user in a URL",
        "GET https://u:p@good.test/ HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n",
        "400",
        /a proxy takes/,
      ],
      ["ws://", "GET ws://good.test/ HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n", "501", /ws:\/\//],
      ["ftp://", "GET ftp://good.test/ HTTP/1.1\\r\\nHost: good.test\\r\\n\\r\\n", "501", /ftp:\/\//],
      ["a request without Host", "GET http://good.test/ HTTP/1.1\\r\\n\\r\\n", "400", /a proxy takes/],
    ])("%s, said to the proxy, is an event and %s", async (_what, bytes, status, reason) => {
      events.length = 0;
      const { stdout } = await shell(sandbox, `printf '${bytes}' | nc 127.0.0.1 3128`);
      expect(stdout).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(events).toMatchObject([{ verdict: "deny", rule: null, reason: expect.stringMatching(reason) }]);
    });

    test("what is not SOCKS5 is an event, too", async () => {
      events.length = 0;
      await shell(sandbox, "printf '\\4\\1\\0\\120' | nc 127.0.0.1 1080");
      expect(events).toMatchObject([{ via: "socks", verdict: "deny", reason: "not SOCKS5" }]);
    });
  });
});
