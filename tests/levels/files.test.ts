import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { insideId } from "../support/ids.js";
import { shell } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { eventually } from "../support/time.js";

const MIB = 1 << 20;

await forEachLevel((level) => {
  test("what is written is read, and belongs to the sandbox's user", async () => {
    await using sandbox = await Sandbox.create({ level });
    const bytes = randomBytes(100_000);
    await sandbox.files.write("/work/bytes", bytes);
    expect(Buffer.compare(await sandbox.files.read("/work/bytes"), bytes)).toBe(0);
    await sandbox.files.write("/work/text", "text", { mode: 0o600 });
    expect(await sandbox.files.readText("/work/text")).toBe("text");
    const { uid, gid, ...info } = await sandbox.files.stat("/work/text");
    expect(info).toMatchObject({ type: "file", size: 4, mode: 0o600 });
    expect([insideId(level, uid), insideId(level, gid)]).toEqual([1000, 1000]);
    expect((await shell(sandbox, "cat /work/text")).stdout).toBe("text");
  });

  test("writing replaces; append and exclusive work as documented", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.files.write("/work/a", "long content");
    await sandbox.files.write("/work/a", "new");
    await sandbox.files.write("/work/a", "+", { append: true });
    expect(await sandbox.files.readText("/work/a")).toBe("new+");
    await expect(sandbox.files.write("/work/a", "x", { exclusive: true })).rejects.toMatchObject({
      code: "FILE_EXISTS",
    });
  });

  test("part of a file", async () => {
    await using sandbox = await Sandbox.create({ level });
    await sandbox.files.write("/work/a", "0123456789");
    expect((await sandbox.files.read("/work/a", { offset: 3, length: 4 })).toString()).toBe("3456");
    expect((await sandbox.files.read("/work/a", { offset: 100 })).length).toBe(0);
  });

  test("large files stream both ways", async () => {
    await using sandbox = await Sandbox.create({ level });
    const bytes = randomBytes(20 * MIB);
    await pipeline(
      Readable.from([bytes.subarray(0, 7 * MIB), bytes.subarray(7 * MIB)]),
      sandbox.files.writeStream("/work/large"),
    );
    const chunks: Buffer[] = [];
    for await (const chunk of sandbox.files.readStream("/work/large")) chunks.push(chunk as Buffer);
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
  });

  test("directories: made, listed, renamed, removed", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { files } = sandbox;
    await files.mkdir("/work/a/b/c", { recursive: true });
    await files.write("/work/a/b/file", "x");
    const names = (await files.list("/work/a/b")).map(({ name, type }) => `${type} ${name}`).sort();
    expect(names).toEqual(["directory c", "file file"]);
    await files.rename("/work/a/b/file", "/work/a/moved");
    expect(await files.readText("/work/a/moved")).toBe("x");
    await expect(files.remove("/work/a")).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_(NOT_EMPTY|IS_DIRECTORY)$/),
    });
    await files.remove("/work/a", { recursive: true });
    await expect(files.stat("/work/a")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });

  test("errors have codes, paths and errnos", async () => {
    await using sandbox = await Sandbox.create({ level });
    const { files } = sandbox;
    await expect(files.read("/work/none")).rejects.toMatchObject({ code: "FILE_NOT_FOUND", errno: 2 });
    await expect(files.write("/etc/new", "x")).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_(DENIED|FAILED)$/),
    });
    await expect(files.read("/work")).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_(IS_DIRECTORY|NOT_REGULAR)$/),
    });
    await expect(files.list("/etc/passwd")).rejects.toMatchObject({ code: "FILE_NOT_DIRECTORY" });
    await expect(files.mkdir("/work")).rejects.toMatchObject({ code: "FILE_EXISTS" });
  });

  test("symbolic links are distinct from their targets", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, "echo x > target; ln -s target link; ln -s nowhere broken");
    expect(await sandbox.files.stat("/work/link")).toMatchObject({ type: "file" });
    expect(await sandbox.files.stat("/work/link", { follow: false })).toMatchObject({
      type: "symlink",
      target: "target",
    });
    await expect(sandbox.files.stat("/work/broken")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    expect((await sandbox.files.list("/work")).map(({ name }) => name).sort()).toEqual(["broken", "link", "target"]);
  });

  test("a FIFO and a device are refused at once, not waited for", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, "mkfifo fifo");
    for (const path of ["/work/fifo", "/dev/zero", "/dev/tty"]) {
      await expect(sandbox.files.read(path), path).rejects.toMatchObject({ code: expect.stringMatching(/^FILE_/) });
      await expect(sandbox.files.write(path, "x"), path).rejects.toMatchObject({
        code: expect.stringMatching(/^FILE_/),
      });
    }
  });

  test("names that are not UTF-8 can be told apart", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, `touch "$(printf 'a\\377b')" "$(printf 'a\\376b')" "$(printf 'new\\nline')"`);
    const entries = await sandbox.files.list("/work");
    expect(entries).toHaveLength(3);
    expect(new Set(entries.map((entry) => JSON.stringify([entry.name, entry.nameBytes]))).size).toBe(3);
  });

  test("watching tells what happens", async () => {
    await using sandbox = await Sandbox.create({ level });
    const seen: string[] = [];
    const watching = sandbox.files.watch("/work");
    const reading = (async () => {
      for await (const { event, name } of watching) {
        seen.push(`${event} ${name}`);
        if (event === "remove") break;
      }
    })();
    await eventually("something is seen", 10_000, async () => {
      await shell(sandbox, "echo x >> file");
      return seen.length > 0;
    });
    await shell(sandbox, "echo y >> file; rm file");
    await reading;
    expect(seen).toContain("change file");
    expect(seen.at(-1)).toBe("remove file");
  });

  test("many files at once", async () => {
    await using sandbox = await Sandbox.create({ level });
    const names = Array.from({ length: 40 }, (_, index) => `/work/${index}`);
    await Promise.all(names.map((name) => sandbox.files.write(name, name)));
    expect(await Promise.all(names.map((name) => sandbox.files.readText(name)))).toEqual(names);
  });

  test("a large directory is listed whole", async () => {
    await using sandbox = await Sandbox.create({ level });
    await shell(sandbox, "i=0; while [ $i -lt 3000 ]; do : > $i; i=$((i+1)); done");
    expect(await sandbox.files.list("/work")).toHaveLength(3000);
  });
});
