import { spawnSync } from "node:child_process";
import { chmod, chown, link, mkdir, open, readFile, rm, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type ErrorCode, Sandbox, type Snapshot } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRequired, lackFor } from "../support/levels.js";
import { monitorsOf } from "../support/monitors.js";
import { TemporaryDirectory } from "../support/temporary.js";

const level = "microvm" as const;
const lack = await lackFor(level);
if (lack !== undefined && isRequired(level)) throw new Error(lack);

const OTHER = "0".repeat(64);
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

type Fields = Record<string, unknown>;
/** `snapshot.json`, to be changed at will. */
interface Facts extends Fields {
  tie: Fields & { images: string[] };
  files: Fields[];
  policy: Fields;
}

/** What is done to a snapshot, and the code and detail that it is refused with. */
type Tampering = readonly [
  what: string,
  code: ErrorCode,
  detail: RegExp,
  change: (directory: string) => Promise<unknown>,
];

function edited(what: string, code: ErrorCode, detail: RegExp, change: (facts: Facts) => unknown): Tampering {
  return [
    what,
    code,
    detail,
    async (directory) => {
      const path = join(directory, "snapshot.json");
      const facts = JSON.parse(await readFile(path, "utf8"));
      const changed = change(facts) ?? facts;
      await writeFile(path, typeof changed === "string" ? changed : JSON.stringify(changed));
    },
  ];
}

/** Changes a policy: an assignment's value is of no interest. */
const policy = (change: Fields) => (facts: Facts) => void Object.assign(facts.policy, change);
const tie = (part: string) => (facts: Facts) => void Object.assign(facts.tie, { [part]: OTHER });
const file = (change: Fields) => (facts: Facts) => void Object.assign(facts.files[0] ?? {}, change);
const PLAN = { level, plan: { mounts: [{ kind: "bind", source: "/root", at: "/work", readOnly: false }] } };

const OF_FORM: readonly Tampering[] = [
  edited("an earlier version, which had a plan in it", "SNAPSHOT_INVALID", /version|unknown field/, ({ tie }) => ({
    version: 1,
    tie,
    compiled: PLAN,
  })),
  edited("a plan beside the rest", "SNAPSHOT_INVALID", /unknown field/, (facts) => ({ ...facts, compiled: PLAN })),
  edited("an enforcement table beside the rest", "SNAPSHOT_INVALID", /unknown field/, (facts) => ({
    ...facts,
    enforcement: { level, protections: [] },
  })),
  edited("a digest of something unheard of", "SNAPSHOT_INVALID", /unknown field in tie/, tie("uid")),
  edited("another prototype", "SNAPSHOT_INVALID", /unknown field|form/, (facts) =>
    JSON.stringify(facts).replace("{", '{"__proto__":{"version":2},'),
  ),
  edited(
    "a number as a digest",
    "SNAPSHOT_INVALID",
    /tie\.kernel/,
    ({ tie }) => void Object.assign(tie, { kernel: 1 }),
  ),
  edited("a short digest", "SNAPSHOT_INVALID", /tie\.machine/, ({ tie }) => void Object.assign(tie, { machine: "ab" })),
  edited("more images than a machine has", "SNAPSHOT_INVALID", /tie\.images/, ({ tie }) => {
    tie.images = Array.from({ length: 17 }, () => OTHER);
  }),
  edited("a path as a file's name", "SNAPSHOT_INVALID", /files/, file({ name: "../../../etc/shadow" })),
  edited("no files", "SNAPSHOT_INVALID", /files/, ({ files }) => void files.splice(0)),
  edited("a second file, which this monitor has not", "SNAPSHOT_INVALID", /errno 2/, ({ files }) => {
    files.push({ ...files[0], name: "state-memory" });
  }),
  edited("a file of no bytes", "SNAPSHOT_INVALID", /files/, file({ sizeBytes: 0 })),
  edited("a file of more bytes than there are", "SNAPSHOT_INVALID", /files/, file({ sizeBytes: 2 ** 53 })),
  edited("half a byte", "SNAPSHOT_INVALID", /files/, file({ sizeBytes: 1.5 })),
  edited("a policy that is none", "SNAPSHOT_INVALID", /policy/, (facts) => void Object.assign(facts, { policy: [] })),
  edited("no JSON", "SNAPSHOT_INVALID", /not JSON/, () => "{"),
  edited("null", "SNAPSHOT_INVALID", /form/, () => "null"),
  edited("nothing", "SNAPSHOT_INVALID", /not JSON/, () => " "),
  edited("JSON without an end", "SNAPSHOT_INVALID", /more than/, () => `"${"a".repeat(600_000)}"`),
  edited("JSON of a great depth", "SNAPSHOT_INVALID", /JSON|form/, () => "[".repeat(200_000) + "]".repeat(200_000)),
];

const OF_MACHINE: readonly Tampering[] = [
  ...["kernel", "initramfs", "monitor", "machine", "workload"].map((part) =>
    edited(`another ${part}`, "SNAPSHOT_MISMATCH", new RegExp(`^${part}$`), tie(part)),
  ),
  edited("another root", "SNAPSHOT_MISMATCH", /^image 0$/, ({ tie }) => void tie.images.splice(0, 1, OTHER)),
  edited("one image more", "SNAPSHOT_MISMATCH", /^image 1$/, ({ tie }) => void tie.images.push(OTHER)),
];

const OF_POLICY: readonly Tampering[] = [
  edited("a weaker level", "SNAPSHOT_INVALID", /policy: level/, policy({ level: "chroot" })),
  edited("a network", "SNAPSHOT_INVALID", /policy: network/, policy({ network: { allow: ["example.org:443"] } })),
  edited("a field that no policy has", "SNAPSHOT_INVALID", /policy: .*privileged/s, policy({ privileged: true })),
  edited(
    "a path that depends on where one stands",
    "SNAPSHOT_INVALID",
    /policy: relative/,
    policy({
      files: [{ host: "./secrets", at: "/work" }],
    }),
  ),
  edited("more memory", "SNAPSHOT_MISMATCH", /machine, workload/, policy({ resources: { memory: "80MiB" } })),
  edited("more capabilities", "SNAPSHOT_MISMATCH", /^workload$/, policy({ capabilities: ["CHOWN"] })),
  edited("another user", "SNAPSHOT_MISMATCH", /^workload/, policy({ user: "root" })),
  edited(
    "a directory of this host",
    "SNAPSHOT_MISMATCH",
    /image 1/,
    policy({ files: [{ host: "/etc/apt", at: "/x" }] }),
  ),
  edited(
    "an image that would have to be fetched",
    "IMAGE_NOT_LOCAL",
    /^/,
    policy({ image: "localhost:9/evil:latest" }),
  ),
];

const state = (directory: string) => join(directory, "state");
const json = (directory: string) => join(directory, "snapshot.json");

/** A copy that may be written to, in the place of the link to the original's. */
async function ownState(directory: string): Promise<string> {
  const bytes = await readFile(state(directory));
  await unlink(state(directory));
  await writeFile(state(directory), bytes, { mode: 0o644 });
  return state(directory);
}

async function replaced(path: string, put: (path: string) => Promise<unknown> | unknown): Promise<void> {
  await rm(path);
  await put(path);
}

const fifo = (path: string) => expect(spawnSync("mkfifo", [path]).status).toBe(0);

const OF_FILES: readonly Tampering[] = [
  [
    "one bit of the memory flipped",
    "SNAPSHOT_INVALID",
    /changed since/,
    async (directory) => {
      await using handle = await open(await ownState(directory), "r+");
      const { size } = await handle.stat();
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, size >> 1);
      await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, size >> 1);
    },
  ],
  ["the memory cut short", "SNAPSHOT_INVALID", /bytes, and were/, async (at) => truncate(await ownState(at), 1 << 20)],
  [
    "memory added",
    "SNAPSHOT_INVALID",
    /bytes, and were/,
    async (at) => writeFile(await ownState(at), "x", { flag: "a" }),
  ],
  [
    "the memory, and its digest, of another machine",
    "SNAPSHOT_INVALID",
    /changed since/,
    async (at) => {
      const path = await ownState(at);
      await using handle = await open(path, "r+");
      await handle.write(Buffer.alloc(4096), 0, 4096, 0);
    },
  ],
  ["no memory", "SNAPSHOT_INVALID", /errno 2/, async (at) => unlink(state(at))],
  [
    "a link in the place of the memory",
    "SNAPSHOT_INVALID",
    /symbolic link/,
    async (at) => replaced(state(at), (path) => symlink("/etc/shadow", path)),
  ],
  [
    "a pipe in the place of the memory",
    "SNAPSHOT_INVALID",
    /not a plain file/,
    async (at) => replaced(state(at), fifo),
  ],
  [
    "a directory in the place of the memory",
    "SNAPSHOT_INVALID",
    /not a plain file/,
    async (at) => replaced(state(at), mkdir),
  ],
  ["no snapshot.json", "SNAPSHOT_INVALID", /errno 2/, async (at) => unlink(json(at))],
  [
    "a link in the place of snapshot.json",
    "SNAPSHOT_INVALID",
    /symbolic link/,
    async (at) => replaced(json(at), (path) => symlink("/etc/passwd", path)),
  ],
  [
    "a pipe in the place of snapshot.json",
    "SNAPSHOT_INVALID",
    /not a plain file/,
    async (at) => replaced(json(at), fifo),
  ],
  [
    "a file in the place of the directory",
    "SNAPSHOT_INVALID",
    /not a directory/,
    async (at) => {
      await rm(at, { recursive: true });
      await writeFile(at, "{}");
    },
  ],
  ["no directory", "SNAPSHOT_INVALID", /errno 2/, async (at) => rm(at, { recursive: true })],
];

const OF_OWNERS: readonly Tampering[] = [
  ["a directory that its group may write to", "SNAPSHOT_UNTRUSTED", /others may write/, async (at) => chmod(at, 0o770)],
  [
    "a snapshot.json that all may write to",
    "SNAPSHOT_UNTRUSTED",
    /others may write/,
    async (at) => chmod(json(at), 0o666),
  ],
  [
    "memory that its group may write to",
    "SNAPSHOT_UNTRUSTED",
    /others may write/,
    async (at) => chmod(await ownState(at), 0o664),
  ],
];

/** Only root can make these. */
const OF_STRANGERS: readonly Tampering[] = [
  ["a directory of somebody else's", "SNAPSHOT_UNTRUSTED", /of user/, async (at) => chown(at, NOBODY, NOBODY)],
  ["somebody else's snapshot.json", "SNAPSHOT_UNTRUSTED", /of user/, async (at) => chown(json(at), NOBODY, NOBODY)],
  ["somebody else's memory", "SNAPSHOT_UNTRUSTED", /of user/, async (at) => chown(await ownState(at), NOBODY, NOBODY)],
];

describe.skipIf(lack !== undefined)(`a snapshot is refused${lack === undefined ? "" : ` (skipped: ${lack})`}`, () => {
  let work: TemporaryDirectory;
  let snapshot: Snapshot;

  beforeAll(async () => {
    work = await TemporaryDirectory.create("tampered");
    await using sandbox = await Sandbox.create({ level, resources: { memory: "48MiB" } });
    snapshot = await sandbox.snapshot(work.join("original"));
    // The next machine that is made is one too many.
    await sandbox.kill();
    expect(monitorsOf()).toEqual([]);
  });
  afterAll(async () => await work?.[Symbol.asyncDispose]());

  /** The same snapshot elsewhere; its memory is a link, which costs nothing. */
  async function copied(name: string): Promise<string> {
    const directory = work.join(name);
    await mkdir(directory, { mode: 0o700 });
    await writeFile(json(directory), await readFile(json(snapshot.directory)), { mode: 0o600 });
    await link(state(snapshot.directory), state(directory));
    return directory;
  }

  let count = 0;
  test.each([...OF_FORM, ...OF_MACHINE, ...OF_POLICY, ...OF_FILES, ...OF_OWNERS, ...(asRoot ? OF_STRANGERS : [])])(
    "that has %s: %s",
    async (_what, code, detail, change) => {
      count += 1;
      const directory = await copied(`copy-${count}`);
      await change(directory);
      const refused = await Sandbox.restore(directory).catch((error: unknown) => error);
      if (!(refused instanceof BulkheadError)) throw refused;
      expect([refused.code, refused.detail ?? `errno ${refused.errno}`]).toEqual([code, expect.stringMatching(detail)]);
      expect(monitorsOf()).toEqual([]);
    },
  );

  test("whose directory another user could rename: SNAPSHOT_UNTRUSTED", async () => {
    const above = work.join("open");
    await mkdir(above);
    const directory = await copied("open/snapshot");
    await chmod(above, 0o777);
    await expect(Sandbox.restore(directory)).rejects.toMatchObject({ code: "SNAPSHOT_UNTRUSTED" });
    expect(monitorsOf()).toEqual([]);
  });

  test("that is another one than was asked for, however good: SNAPSHOT_MISMATCH", async () => {
    const directory = await copied("other");
    await writeFile(json(directory), ` ${await readFile(json(directory), "utf8")}`);
    const { digest } = snapshot;
    await expect(Sandbox.restore(directory, { digest })).rejects.toMatchObject({ code: "SNAPSHOT_MISMATCH" });
    await expect(Sandbox.restore(snapshot.directory, { digest: `sha256:${OTHER}` })).rejects.toMatchObject({
      code: "SNAPSHOT_MISMATCH",
    });
    expect(monitorsOf()).toEqual([]);
  });

  test("but not when nothing was done to it, also elsewhere", async () => {
    const directory = await copied("moved");
    await using copy = await Sandbox.restore(directory, { digest: snapshot.digest });
    expect((await copy.run(["echo", "here"])).stdout).toBe("here\n");
    expect(monitorsOf()).toHaveLength(1);
  });
});
