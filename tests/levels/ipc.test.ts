import { writeFile } from "node:fs/promises";
import { type Policy, run, Sandbox } from "bulkhead";
import { exportProfile } from "bulkhead/policy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";

const POLICY: Policy = { files: [{ host: PROBE_PATH, at: PROBE }] };
/** RLIMIT_MSGQUEUE allows this many of the largest queues at most. */
const QUEUES = 10;

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await TemporaryDirectory.create("ipc", 0o755);
});
afterAll(() => directory[Symbol.asyncDispose]());

/** What kernels say to who has no rights: family, type and protocol, and the errno. */
const SOCKETS: readonly (readonly [string, number])[] = [
  ["2 75 0", 22],
  ["1 11 0", 22],
  ["1 0 0", 94],
  ["1 1 6", 93],
  ["2 3 0", 93],
  ["2 3 1", 1],
  ["2 1 17", 93],
  ["2 1 132", 93],
  ["2 2 4000", 22],
  ["10 5 0", 94],
  ["16 1 0", 94],
  ["16 3 31", 93],
  ["0 1 0", 97],
  ["17 3 0", 97],
];

/** Refused because it led to escapes; a custom profile allows it again. */
const GIVEN_BACK = ["vmsplice", "io_setup"];

await forEachLevel((level) => {
  const probe = async (sandbox: Sandbox, attempt: string) =>
    JSON.parse((await shell(sandbox, `${PROBE} ${attempt}`)).stdout) as {
      outcome: string;
      errno?: number;
      detail?: string;
    };

  test.skipIf(level === "gvisor")("POSIX message queues work, are shown, and are the sandbox's own", async () => {
    await using sandbox = await Sandbox.create({ level, ...POLICY });
    await using other = await Sandbox.create({ level, ...POLICY });
    expect(await probe(sandbox, "queue mine")).toMatchObject({ outcome: "succeeded", detail: "through a queue" });
    expect(await probe(sandbox, "queue-flood 1")).toMatchObject({ outcome: "succeeded" });
    expect((await shell(sandbox, "ls /dev/mqueue; rm /dev/mqueue/flood-0; ls /dev/mqueue")).stdout).toBe("flood-0\n");
    expect(await probe(sandbox, "queue-flood 1")).toMatchObject({ outcome: "succeeded" });
    expect(await probe(other, "queue-open flood-0")).toMatchObject({ outcome: "absent", detail: "2" });
  });

  test.skipIf(level === "gvisor")("nothing else is made where they are shown, and they are bounded", async () => {
    await using sandbox = await Sandbox.create({ level, ...POLICY });
    const made = await shell(sandbox, "cd /dev/mqueue; mkdir d; ln -s /x l; mkfifo f; echo x > ../x; ls");
    expect(made.stdout).toBe("");
    const { outcome, detail = "" } = await probe(sandbox, "queue-flood 100");
    expect(outcome).toBe("absent");
    expect(Number.parseInt(detail, 10)).toBeLessThanOrEqual(QUEUES);
  });

  test("tee copies from pipe to pipe", async () => {
    await using sandbox = await Sandbox.create({ level, ...POLICY });
    expect(await probe(sandbox, "tee")).toMatchObject({ outcome: "succeeded", detail: "twicetwice" });
  });

  test("an unsupported socket fails as on a kernel without it", async () => {
    await using sandbox = await Sandbox.create({ level, ...POLICY });
    const found = [];
    // The Sentry says EINVAL where kernels say EPROTONOSUPPORT, whoever asks it.
    const asked = SOCKETS.filter(([kind]) => level !== "gvisor" || kind !== "2 1 17");
    for (const [kind] of asked) found.push([kind, (await probe(sandbox, `socket ${kind}`)).errno]);
    expect(found).toEqual(asked);
  });

  test("calls that led to escapes are refused, and a custom profile allows them again", async () => {
    const profile = exportProfile("default");
    const isKept = (name: string) => !GIVEN_BACK.includes(name);
    const syscalls = [
      ...profile.syscalls.map((rule) => ({ ...rule, names: rule.names.filter(isKept) })),
      { names: GIVEN_BACK, action: "SCMP_ACT_ALLOW" },
    ].filter(({ names }) => names.length > 0);
    const path = directory.join(`${level}.json`);
    await writeFile(path, JSON.stringify({ ...profile, syscalls }));
    for (const name of GIVEN_BACK) {
      const attempt = [PROBE, "syscall", name];
      expect((await run(attempt, { level, ...POLICY })).stdout).toContain('"outcome":"refused","errno":1}');
      // The kernel looks at it, and at the Sentry at least nothing else refuses it.
      expect((await run(attempt, { level, ...POLICY, syscalls: { profile: path } })).stdout).not.toContain(
        '"errno":1}',
      );
    }
  });
});
