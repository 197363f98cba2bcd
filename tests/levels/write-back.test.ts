import { chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { explain, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

const OWNER = process.getuid?.() === 0 ? 4321 : (process.getuid?.() ?? 0);

/** A directory that a sandbox may write, with one file in it. */
async function writable(): Promise<TemporaryDirectory> {
  const directory = await TemporaryDirectory.create("write-back", 0o755);
  await mkdir(directory.join("out"));
  await writeFile(directory.join("out/file"), "host\n");
  if (process.getuid?.() === 0) for (const path of ["out", "out/file"]) await chown(directory.join(path), OWNER, OWNER);
  return directory;
}

function policy(level: "microvm", directory: TemporaryDirectory, resources = {}) {
  return { level, resources, files: [{ host: directory.join("out"), at: "/out", mode: "rw" as const }] };
}

// Where the workload has a copy of a host directory. What it is at every level is in mounts.test.ts.
await forEachLevel(
  (level) => {
    if (level !== "microvm") return;

    test("a sandbox writes back when it is asked, as often as it is, and when it is disposed of", async () => {
      await using directory = await writable();
      {
        await using sandbox = await Sandbox.create(policy(level, directory));
        await shell(sandbox, "echo one > /out/one; echo changed > /out/file");
        expect(await readdir(directory.join("out")), "not live").toEqual(["file"]);
        expect((await sandbox.writeBack()).directories).toMatchObject([
          { at: "/out", written: 2, removed: 0, left: [] },
        ]);
        await writeFile(directory.join("out/file"), "the host's again\n");
        expect((await sandbox.writeBack()).directories).toMatchObject([{ written: 0, made: 0, removed: 0 }]);
        await shell(sandbox, "rm /out/one; mkfifo /out/fifo; echo two > /out/two");
      }
      expect((await readdir(directory.join("out"))).sort()).toEqual(["file", "two"]);
      expect(await readFile(directory.join("out/file"), "utf8")).toBe("the host's again\n");
    });

    test("what is killed has written nothing, and the result says so", async () => {
      await using directory = await writable();
      const short = policy(level, directory, { time: "2s" });
      const result = await run(["sh", "-c", "echo lost > /out/lost; exec sleep 60"], short);
      expect(result).toMatchObject({
        timedOut: true,
        writeBack: { directories: [], error: { code: "WRITE_BACK_LOST" } },
      });
      const sandbox = await Sandbox.create(policy(level, directory));
      await shell(sandbox, "echo lost > /out/lost");
      await sandbox.kill();
      await expect(sandbox.writeBack()).rejects.toMatchObject({ code: "WRITE_BACK_LOST" });
      await sandbox[Symbol.asyncDispose]();
      expect(await readdir(directory.join("out"))).toEqual(["file"]);
    });

    test("a workload's own failure is no reason not to write back, with its exit code", async () => {
      await using directory = await writable();
      const failed = await run(["sh", "-c", "echo made > /out/made; exit 3"], policy(level, directory));
      expect(failed).toMatchObject({ exitCode: 3, writeBack: { directories: [{ written: 1 }] } });
      expect(await readFile(directory.join("out/made"), "utf8")).toBe("made\n");
    });

    test("there is no more room than `disk` says, and what has it is written", async () => {
      await using directory = await writable();
      const small = policy(level, directory, { disk: "1MiB" });
      const result = await run(["sh", "-c", "echo before > /out/before; head -c 3m /dev/zero > /out/big"], small);
      expect(result.exitCode).not.toBe(0);
      expect(await readFile(directory.join("out/before"), "utf8")).toBe("before\n");
    });

    test("cannot be snapshotted or forked, and explain says that it is a copy", async () => {
      await using directory = await writable();
      await using sandbox = await Sandbox.create(policy(level, directory));
      const refused = { code: "SNAPSHOT_UNSUPPORTED" };
      await expect(sandbox.snapshot(directory.join("snapshot"))).rejects.toMatchObject(refused);
      await expect(sandbox.fork(2)).rejects.toMatchObject(refused);
      const { enforcement } = await explain(policy(level, directory));
      expect(JSON.stringify(enforcement)).toContain("/out: a copy of the host directory");
    });
  },
  ["microvm"],
);
