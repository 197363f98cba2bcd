import { execFileSync, spawnSync } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "bulkhead";
import { images } from "bulkhead/images";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { STORE_RANGE } from "../../packages/bulkhead/src/contract/generated/plan-constants.js";
import { erofsOf } from "../../packages/bulkhead/src/images/erofs/erofs.js";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { LayoutWriter } from "./support/layout.js";
import { tar } from "./support/tar.js";
import { listing } from "./support/unpacker.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
const program = fileURLToPath(new URL("support/erofs-in-process.ts", import.meta.url));
const hasErofs = spawnSync("mkfs.erofs", ["--help"]).error === undefined;
const isRoot = process.getuid?.() === 0;

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await TemporaryDirectory.create("erofs", 0o755);
  process.env["BULKHEAD_STORE"] = directory.join("store");
});
afterEach(async () => {
  delete process.env["BULKHEAD_STORE_QUOTA"];
  expect(await readdir(directory.join("store", "work"))).toEqual([]);
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await directory[Symbol.asyncDispose]();
});

test.runIf(!hasErofs && isRequired("erofs"))("mkfs.erofs is required here", () => {
  throw new Error("install it: apt-get install erofs-utils");
});

const of = (path: string, owner: Parameters<typeof erofsOf>[0]["owner"] = null) =>
  ({ kind: "directory", path, owner }) as const;

/** Where root runs this, files that only root may read can be seen inside. */
const rootsOwn = isRoot ? { hostUid: 0, hostGid: 0, uid: 0, gid: 0 } : null;

/** What `dump.erofs` says of one path in an image: its owner and its time. */
function look(image: string, path: string): { owner: string; mode: string; time: string } {
  const text = execFileSync("dump.erofs", [`--path=${path}`, image], { encoding: "utf8" });
  const [, uid, gid, mode] = /Uid: (\d+) +Gid: (\d+) +Access: (\d+)/.exec(text) ?? [];
  return { owner: `${uid}:${gid}`, mode: mode ?? "", time: /Timestamp: (.*)/.exec(text)?.[1] ?? "" };
}

function extract(image: string, to: string): void {
  execFileSync("fsck.erofs", [`--extract=${to}`, "--no-preserve-owner", image], { stdio: "ignore" });
}

describe.runIf(hasErofs)("an EROFS image", () => {
  it("holds what the tree holds, and is made once", async () => {
    const image = await erofsOf(of(base), { stable: true });
    extract(image.path, directory.join("base"));
    expect(await listing(directory.join("base"))).toEqual(await listing(base));
    const { mtimeMs, mode } = await stat(image.path);
    expect(mode & 0o777).toBe(0o444);
    expect(await erofsOf(of(base), { stable: true })).toEqual(image);
    expect((await stat(image.path)).mtimeMs).toBe(mtimeMs);
  });

  it("has the same bytes whenever and wherever it is made", async () => {
    const first = await erofsOf(of(base), { stable: true });
    const copy = directory.join("copy");
    execFileSync("cp", ["-a", base, copy]);
    const second = await erofsOf(of(copy), { store: directory.join("other-store") });
    expect(second.digest).toBe(first.digest);
    expect((await readFile(second.path)).equals(await readFile(first.path))).toBe(true);
  });

  it("keeps times, modes, and names that are only bytes", async () => {
    const tree = directory.join("odd");
    await mkdir(tree);
    await writeFile(directory.join("odd", "plain"), "text", { mode: 0o640 });
    await utimes(directory.join("odd", "plain"), 1_000_000_000, 1_000_000_000.5);
    const odd = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0x61, 0xff, 0x0a, 0x27, 0x24])]);
    await writeFile(odd, "odd name");
    await symlink("/etc/shadow", directory.join("odd", "link"));
    await writeFile(directory.join("odd", "sparse"), "");
    await truncate(directory.join("odd", "sparse"), 5_000_000);
    execFileSync("mkfifo", [directory.join("odd", "pipe")]);
    const image = await erofsOf(of(tree, rootsOwn));
    expect(look(image.path, "/plain")).toMatchObject({ mode: "0640", time: "2001-09-09 01:46:40.500000000" });
    extract(image.path, directory.join("odd-again"));
    expect(await listing(directory.join("odd-again"))).toEqual(await listing(tree));
  });

  it("is made anew when anything in a directory of the host has changed", async () => {
    const tree = directory.join("changing");
    await mkdir(directory.join("changing", "below"), { recursive: true });
    const file = directory.join("changing", "below", "file");
    await writeFile(file, "one");
    const { atime, mtime } = await stat(file);
    const first = await erofsOf(of(tree));
    await writeFile(file, "two");
    // As somebody would who wants to hide it.
    await utimes(file, atime, mtime);
    const second = await erofsOf(of(tree));
    expect(second.digest).not.toBe(first.digest);
    await chmod(file, 0o600);
    expect((await erofsOf(of(tree))).digest).not.toBe(second.digest);
  });

  it.runIf(isRoot)("shows owners as inside ids, and unmapped ones as the overflow id", async () => {
    const tree = directory.join("owned");
    await mkdir(tree);
    for (const [name, owner] of Object.entries({ mine: 4321, roots: 0 })) {
      await writeFile(directory.join("owned", name), name, { mode: name === "mine" ? 0o600 : 0o644 });
      await chown(directory.join("owned", name), owner, owner);
    }
    await chown(tree, 4321, 4321);
    const { path } = await erofsOf(of(tree, { hostUid: 4321, hostGid: 4321, uid: 33, gid: 34 }));
    expect(look(path, "/mine")).toMatchObject({ owner: "33:34", mode: "0600" });
    expect(look(path, "/roots")).toMatchObject({ owner: "65534:65534" });
  });

  it.runIf(isRoot)("leaves out files that no user inside could read", async () => {
    const tree = directory.join("closed");
    await mkdir(directory.join("closed", "vault"), { recursive: true });
    await writeFile(directory.join("closed", "open"), "readable");
    await writeFile(directory.join("closed", "secret\n"), "root's", { mode: 0o600 });
    await writeFile(directory.join("closed", "vault", "file"), "unreachable");
    await chmod(directory.join("closed", "vault"), 0o700);
    const image = await erofsOf(of(tree));
    extract(image.path, directory.join("closed-again"));
    expect(await listing(directory.join("closed-again"))).toEqual(["open=readable"]);
  });

  it.runIf(isRoot)(
    "of an image's layers is what overlayfs shows of them, whenever it is made, and made once",
    async () => {
      const writer = await LayoutWriter.create(directory.join("layers"));
      const shell = execFileSync("tar", ["-C", base, "--owner=0", "--group=0", "-c", "."], { maxBuffer: 64 << 20 });
      const web = { uid: 33, gid: 34, mtime: 1_000_000_000 };
      const layers = [
        shell,
        tar(
          { name: "x", type: "5", ...web, mode: 0o751 },
          { name: "x/d", type: "5", ...web, mode: 0o700 },
          { name: "x/d/hidden", data: "old" },
          { name: "x/d/kept", data: "kept", ...web, mode: 0o600 },
          { name: "x/opaque", type: "5", mode: 0o755 },
          { name: "x/opaque/old", data: "old" },
          { name: "x/gone", type: "5" },
          { name: "x/gone/file", data: "old" },
          { name: "x/becomes", type: "2", link: "d" },
          { name: "x/junk", data: "unmapped", uid: 99_999, gid: 99_999 },
        ),
        tar(
          // Nothing said of x and x/d: they stay as they are below.
          { name: "x/d/.wh.hidden" },
          { name: "x/d/new", data: "new", ...web },
          { name: "x/opaque/.wh..wh..opq" },
          { name: "x/opaque/new", data: "new" },
          { name: "x/.wh.gone" },
          { name: "x/becomes", type: "5", mode: 0o711 },
          { name: "x/linked", type: "1", link: "x/d/new" },
        ),
      ];
      await writer.index(await writer.image(layers));
      const source = `oci:${writer.path}`;
      const owner = { range: STORE_RANGE } as const;
      using image = await openImage(source);
      const tree = { kind: "layers", layers: image.layers, owner } as const;
      const made = await erofsOf(tree);
      const look = 'cd "$0" && find x -exec stat -c "%n %u %g %a %F %Y" {} +; cat x/d/* x/opaque/*';
      const shown = await run(["sh", "-c", look, "/"], { root: source, user: 0, capabilities: ["DAC_READ_SEARCH"] });
      expect(shown.stderr).toBe("");
      const to = directory.join("extracted-layers");
      execFileSync("fsck.erofs", [`--extract=${to}`, "--preserve", made.path], { stdio: "ignore" });
      const extracted = execFileSync(`${base}/bin/busybox`, ["sh", "-c", look, to], { encoding: "utf8" });
      const sorted = (text: string) => text.split("\n").sort();
      expect(sorted(extracted)).toEqual(sorted(shown.stdout));
      expect(shown.stdout).toContain("x/d 33 34 700 directory 1000000000");
      expect(await erofsOf(tree)).toEqual(made);
      const store = directory.join("layers-again");
      using again = await openImage(source, { store });
      expect(again.layers).not.toEqual(image.layers);
      expect((await erofsOf({ ...tree, layers: again.layers }, { store })).digest).toBe(made.digest);
    },
  );

  it("that does not fit into the store is refused", async () => {
    await mkdir(directory.join("large"));
    await writeFile(directory.join("large", "file"), Buffer.alloc(40 << 20, 1));
    const store = directory.join("small-store");
    process.env["BULKHEAD_STORE_QUOTA"] = "20MiB";
    await expect(erofsOf(of(directory.join("large")), { store })).rejects.toMatchObject({ code: "IMAGE_LIMIT" });
    expect(await readdir(directory.join("small-store", "work"))).toEqual([]);
  });

  it("is removed after its image, and not while a process may use it", async () => {
    const name = "localhost/erofs:v1";
    const writer = await LayoutWriter.create(directory.join("layout"));
    await writer.index(await writer.image([tar({ name: "hello", data: "from an image" })]));
    const store = directory.join("image-store");
    await images.import(`oci:${writer.path}`, name, { store });
    const [tree = null] = (await images.inspect(name, { store })).trees ?? [];
    if (tree === null) throw new Error("not unpacked");
    const made = execFileSync(process.execPath, ["--import", "tsx", program, tree], {
      encoding: "utf8",
      env: { ...process.env, BULKHEAD_STORE: store },
    });
    const image = JSON.parse(made);
    const { path, sizeBytes } = image;
    extract(path, directory.join("hello"));
    expect(await listing(directory.join("hello"))).toEqual(["hello=from an image"]);
    expect(await images.prune({ store })).toMatchObject({ erofs: 0 });
    expect((await images.list({ store })).usage.erofsBytes).toBe(sizeBytes);
    expect(await erofsOf(of(tree), { store })).toEqual(image);
    expect((await readFile(path)).length).toBe(sizeBytes);
  });
});
