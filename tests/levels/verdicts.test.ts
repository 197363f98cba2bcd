import { type Policy, type RunResult, run } from "bulkhead";
import { describe, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { ms } from "../support/time.js";

/** `npm run test:verdicts` ends 200 workloads by each limit. */
const KILLS = Number(process.env["BULKHEAD_KILLS"] ?? 4);
/** At once, so that each is under load. */
const TOGETHER = 4;

type Verdict = Pick<RunResult, "oomKilled" | "pidsExceeded" | "timedOut" | "diskFull" | "outputTruncated">;

const NONE: Verdict = {
  oomKilled: false,
  pidsExceeded: false,
  timedOut: false,
  diskFull: false,
  outputTruncated: false,
};

interface Case {
  readonly what: string;
  readonly argv: readonly string[];
  readonly resources?: Policy["resources"];
  readonly verdict: Partial<Verdict>;
  /** Of the result; without one it is whatever the program makes of the error. */
  readonly signal?: "SIGKILL";
}

const memory = (what: string, argv: readonly string[]): Case => ({
  what: `memory: ${what}`,
  argv,
  resources: { memory: "32MiB", disk: "256MiB", openFiles: 4096 },
  verdict: { oomKilled: true },
  signal: "SIGKILL",
});

const CASES: readonly Case[] = [
  memory("heap", [PROBE, "memory-bomb"]),
  memory("a memfd", [PROBE, "memory-shared", String(1 << 30)]),
  memory("a tmpfs", [PROBE, "disk", "/tmp", String(1 << 30)]),
  memory("socket buffers", [PROBE, "sockets", "100000"]),
  memory("pipes", [PROBE, "pipes", "100000"]),
  {
    what: "pids: processes",
    argv: [PROBE, "processes", "100"],
    resources: { pids: 8 },
    verdict: { pidsExceeded: true },
  },
  { what: "pids: threads", argv: [PROBE, "threads", "100"], resources: { pids: 8 }, verdict: { pidsExceeded: true } },
  {
    what: "time",
    argv: [PROBE, "spin"],
    resources: { time: "200ms" },
    verdict: { timedOut: true },
    signal: "SIGKILL",
  },
  {
    what: "output",
    argv: [PROBE, "output", String(2 ** 30)],
    resources: { output: "64KiB" },
    verdict: { outputTruncated: true },
    signal: "SIGKILL",
  },
  {
    what: "disk",
    argv: [PROBE, "disk", "/work", String(1 << 28)],
    resources: { disk: "4MiB" },
    verdict: { diskFull: true },
  },
  {
    what: "disk: shared memory, and the file is gone",
    argv: [PROBE, "map", "/dev/shm/f", String(1 << 28), "200"],
    resources: { disk: "4MiB" },
    verdict: { diskFull: true },
  },
  { what: "nothing", argv: ["true"], verdict: {} },
];

await forEachLevel((level) => {
  describe(`${KILLS} by each limit`, () => {
    test.each(CASES)(
      "$what",
      async ({ argv, resources, verdict, signal }) => {
        const policy: Policy = {
          level,
          files: [{ host: PROBE_PATH, at: PROBE }],
          resources: { time: ms(30_000), ...resources },
        };
        // An emulated machine takes seconds for each.
        const count = level === "microvm" ? Math.min(KILLS, 2) : KILLS;
        let left = count;
        const worker = async () => {
          while (left > 0) {
            left -= 1;
            const result = await run(argv, policy);
            const counted = verdict.pidsExceeded !== true || level !== "gvisor";
            expect(result).toMatchObject({ ...NONE, ...(counted ? verdict : {}) });
            if (signal !== undefined) expect(result.signal).toBe(signal);
          }
        };
        await Promise.all(Array.from({ length: Math.min(count, TOGETHER) }, worker));
      },
      ms(20_000 + KILLS * 5_000),
    );
  });
});
