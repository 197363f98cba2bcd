import { execFileSync } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { type Policy, run } from "bulkhead";
import { expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { PROBE, PROBE_PATH } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { ms } from "../support/time.js";

const MIB = 1 << 20;
const TIB = 2 ** 40;

await forEachLevel((level) => {
  const isRoot = process.getuid?.() === 0;
  const small: Policy = {
    level,
    writable: true,
    files: [
      { host: PROBE_PATH, at: PROBE },
      { tmpfs: "/run/named", size: "2MiB" },
    ],
    resources: { disk: "2MiB", memory: "128MiB", time: ms(60_000) },
  };
  const PLACES = ["/work", "/tmp", "/dev/shm", "/run/named", "/usr"] as const;
  // Only its user can write below the root of an image.
  const at = (place: string): Policy => (place === "/usr" ? { ...small, user: 0 } : small);

  test.each(PLACES)("%s full is an error inside, and diskFull", async (place) => {
    if (place === "/usr" && !isRoot) return;
    const result = await run([PROBE, "disk", place, String(64 * MIB)], at(place));
    expect(result.stdout).toContain('"errno":28');
    expect(result).toMatchObject({ diskFull: true, oomKilled: false, timedOut: false });
  });

  test.each(PLACES)("%s without free inodes is diskFull, even with free space", async (place) => {
    if (place === "/usr" && !isRoot) return;
    const result = await run([PROBE, "inodes", place, "10000"], at(place));
    expect(result.stdout).toContain('"errno":28');
    expect(result.diskFull).toBe(true);
  });

  test.each(PLACES)("a sparse file of a tebibyte in %s is a file", async (place) => {
    if (place === "/usr" && !isRoot) return;
    const result = await run([PROBE, "sparse", `${place}/sparse`, String(TIB)], at(place));
    expect(result.stdout).toContain("succeeded");
    expect(result).toMatchObject({ exitCode: 0, signal: null, diskFull: false });
  });

  test("what does not fit a sparse file is an error, and no signal", async () => {
    const write = "dd if=/dev/zero of=f bs=64k conv=notrunc";
    const script = `dd if=/dev/zero of=f bs=1 count=0 seek=${2 ** 33}; ${write}; echo "exit $?"`;
    const result = await run(["sh", "-c", script], small);
    expect(result.stderr).toMatch(/No space left/);
    expect(result).toMatchObject({ stdout: "exit 1\n", signal: null, diskFull: true });
  });

  test("no limit of a file's size, no signal that is ignored for it", async () => {
    const script = "ulimit -f; ulimit -Hf; grep SigIgn /proc/self/status || echo none";
    expect(await printed(script, { level })).toMatch(/^unlimited\nunlimited\n(SigIgn:\t0{16}|none)\n$/);
  });

  test.each(["/tmp/f", "/dev/shm/f"])(
    "SIGBUS for want of room in %s is diskFull, also when the file is gone in the end",
    async (path) => {
      const result = await run([PROBE, "map", path, String(64 * MIB), "200"], small);
      expect(result.stdout).toContain("signal 7");
      expect(result.diskFull).toBe(true);
    },
  );

  test("/dev/shm holds as much as `disk` says, and less or more where the policy sizes it", async () => {
    const blocks = async (policy: Policy) => {
      const line = await printed("df -k /dev/shm | tail -1", policy);
      return Number(line.trim().split(/\s+/)[1]);
    };
    expect(await blocks({ level })).toBe(256 * 1024);
    expect(await blocks({ level, resources: { disk: "1GiB" } })).toBe(1024 * 1024);
    expect(await blocks({ level, files: [{ tmpfs: "/dev/shm", size: "300MiB" }] })).toBe(300 * 1024);
    expect(await blocks({ level, files: [{ tmpfs: "/dev/shm/" }], resources: { disk: "8MiB" } })).toBe(8 * 1024);
    const filled = await run([PROBE, "disk", "/dev/shm", String(64 * MIB)], {
      ...small,
      files: [
        { host: PROBE_PATH, at: PROBE },
        { tmpfs: "/dev/shm", size: "4MiB" },
      ],
    });
    expect(filled.stdout).toContain(`${4 * MIB} bytes`);
    expect(filled.diskFull).toBe(true);
  });

  test("200 MiB of shared memory", async () => {
    const result = await run([PROBE, "map", "/dev/shm/segment", String(200 * MIB), "0"], {
      ...small,
      resources: { memory: "512MiB", time: ms(60_000) },
    });
    expect(result.stdout).toContain("signal 0");
    expect(result).toMatchObject({ diskFull: false, oomKilled: false });
  });

  test("/dev/shm stays noexec and for everybody", async () => {
    const script = "cp /bin/busybox /dev/shm/ls; /dev/shm/ls; echo $?; stat -c %a /dev/shm";
    const result = await run(["sh", "-c", script], { level, files: [{ tmpfs: "/dev/shm", size: "64MiB" }] });
    expect(result.stdout).toBe("126\n1777\n");
  });

  test("in a writable directory of the host a file is as sparse as it can be there", async () => {
    await using directory = await TemporaryDirectory.create("sparse", 0o755);
    await mkdir(directory.join("out"), { mode: 0o777 });
    await chmod(directory.join("out"), 0o777);
    if (isRoot) execFileSync("chown", ["1234:1234", directory.join("out")]);
    const bytes = 64 * MIB;
    const result = await run([PROBE, "sparse", "/out/f", String(bytes)], {
      level,
      files: [
        { host: PROBE_PATH, at: PROBE },
        { host: directory.join("out"), at: "/out", mode: "rw" },
      ],
      resources: { disk: "1MiB", time: ms(60_000) },
    });
    expect(result).toMatchObject({ exitCode: 0, signal: null, diskFull: false });
    const [size, blocks] = execFileSync("stat", ["-c", "%s %b", directory.join("out", "f")], { encoding: "utf8" })
      .split(" ")
      .map(Number);
    expect(size).toBe(bytes);
    expect(blocks).toBeLessThan(1024);
  });
});
