import { run } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import { expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { serveCanary } from "./support/servers.js";

await forEachLevel(
  (level) => {
    test("network: full reaches no address that is not public, and is said to be weaker", async () => {
      await using canary = await serveCanary();
      const events: EgressEvent[] = [];
      const script = `
        for to in 127.0.0.1 '[::1]' private.test 169.254.169.254 10.0.0.1 '[fd00:ec2::254]'; do
          curl -gsS -m 10 --noproxy '' -o /dev/null -w '%{http_code} ' "http://$to:$CANARY/"
        done`;
      const { stdout, enforcement } = await run(
        ["sh", "-c", script],
        { level, root: "host", network: "full", env: { CANARY: String(canary.port) } },
        {
          egress: {
            resolver: async () => ["192.168.0.1", "127.0.0.1"],
            onEgressEvent: (event) => void events.push(event),
          },
        },
      );
      expect(stdout).toBe("403 403 403 403 403 403 ");
      expect(events.map(({ verdict }) => verdict)).toEqual(Array(6).fill("deny"));
      expect(canary.connections()).toBe(0);
      const line = enforcement.protections.find(({ protection }) => protection === "network");
      expect(line).toMatchObject({ status: "weaker", why: "network: full lets the workload reach every public host" });
    });
  },
  ["chroot", "container", "gvisor"],
);
