import { run } from "bulkhead";
import { expect, test } from "vitest";
import { exceptAt } from "../support/levels.js";
import { Names } from "./support/names.js";
import { certificateFor, serveHttp } from "./support/servers.js";

const SECRET = "s3cret-value-that-nobody-inside-may-see";

await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })(
  (level) => {
    test("a secret reaches its host's header, and is nowhere inside", async () => {
      const certificate = certificateFor("api.test", "other.test");
      const seen: (string | undefined)[] = [];
      await using api = await serveHttp((request, response) => {
        seen.push(request.headers.authorization);
        response.end(`you said ${request.headers.authorization}\n`);
      }, certificate);
      await using names = await Names.start({ "api.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] });
      const command = `curl -sS -H "Authorization: Bearer $API_KEY" https://api.test:${api.port}/;
      curl -sS -H "Authorization: Bearer $API_KEY" https://other.test:${api.port}/;
      env -i /usr/bin/curl -sS -x http://127.0.0.1:3128 -H "Authorization: Bearer $API_KEY" https://api.test:${api.port}/;
      env; cat /proc/1/environ /proc/self/environ; grep -rs "$NEEDLE" /work /tmp /etc; true`;
      const { stdout, stderr } = await run(
        ["sh", "-c", command],
        {
          level,
          root: "host",
          env: { NEEDLE: SECRET.slice(0, 6) },
          secrets: { API_KEY: { hosts: [`api.test:${api.port}`], value: SECRET } },
          network: {
            allow: [
              { host: "api.test", ports: api.port, protocol: "https", private: true },
              { host: "other.test", ports: api.port, protocol: "https", private: true, intercept: true },
            ],
          },
        },
        { egress: { resolver: { servers: names.servers }, authorities: [certificate.cert] } },
      );
      expect(seen[0], stderr).toBe(`Bearer ${SECRET}`);
      // To another host the placeholder goes as it is.
      expect(seen[1]).toMatch(/^Bearer (?!s3cret)/);
      // Nor need a program be told by a variable whom to trust.
      expect(seen[2], stderr).toBe(`Bearer ${SECRET}`);
      expect(stdout).toContain("you said");
      expect(`${stdout}${stderr}`).not.toContain(SECRET);
    });
  },
  ["chroot", "container", "gvisor", "microvm"],
);
