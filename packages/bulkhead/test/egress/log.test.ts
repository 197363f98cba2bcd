import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { EgressEvent } from "../../src/egress/log/event.js";
import { egressLog } from "../../src/egress/log/file.js";

const directory = mkdtempSync(join(tmpdir(), "bulkhead-egress-log-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("the log of a workload that is refused again and again", () => {
  it("stays small, and has all that was let through", async () => {
    const path = join(directory, "log.jsonl");
    const log = egressLog(path);
    const event: EgressEvent = {
      ...{ time: new Date(0).toISOString(), id: 0, rule: null, reason: null, name: "a.test", address: null, port: 443 },
      ...{ via: "connect", method: null, path: null, secrets: [], bytesIn: 0, bytesOut: 0, ms: 0, verdict: "deny" },
    };
    for (let id = 1; id <= 120_000; id += 1) log.listener({ ...event, id });
    for (let id = 120_001; id <= 120_010; id += 1) log.listener({ ...event, id, verdict: "allow" });
    await log.close();
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as EgressEvent);
    // Ids have no gaps of their own, so what is not listed can be counted.
    expect(lines.filter(({ verdict }) => verdict === "deny")).toHaveLength(50_000 + 70);
    expect(lines.slice(-10).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, at) => 120_001 + at));
  });

  it("that cannot be written says why, before anything is started", () => {
    expect(() => egressLog(join(directory, "none", "log.jsonl"))).toThrow(
      expect.objectContaining({ code: "PATH_UNUSABLE", cause: expect.objectContaining({ code: "ENOENT" }) }),
    );
  });
});
