import { execFileSync } from "node:child_process";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run, Sandbox } from "bulkhead";
import { images } from "bulkhead/images";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { forEachLevel } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { LayoutWriter } from "./support/layout.js";
import { gnuLong, type TarEntry, tar } from "./support/tar.js";

const base = fileURLToPath(new URL("../../packages/bulkhead/assets/base", import.meta.url));
/** A root file system with a shell, as one layer. */
const rootLayer = execFileSync("tar", ["-C", base, "--sort=name", "--owner=0", "--group=0", "-c", "."], {
  maxBuffer: 64 << 20,
});
const asRoot = process.getuid?.() === 0;

const file = (name: string, data: string, more: Partial<TarEntry> = {}): TarEntry => ({ name, data, ...more });
const directory = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({ name, type: "5", ...more });
const web = { uid: 33, gid: 33 };

const passwd = "root:x:0:0:root:/:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n";
const layers = [
  rootLayer,
  tar(
    directory("srv/", { ...web, mode: 0o750 }),
    file("srv/own", "mine", { ...web, mode: 0o600 }),
    file("srv/gone", "old", web),
    directory("opt/d"),
    file("opt/d/old", "old"),
    file("etc/closed", "secret", { mode: 0o600 }),
    file("etc/junk", "junk", { uid: 70_000, gid: 70_000 }),
    file("bin/su", "#!/bin/sh\n", { mode: 0o4755 }),
    { name: "through", type: "2", link: "opt/d" },
  ),
  tar(
    file("etc/passwd", passwd),
    file("srv/.wh.gone", ""),
    directory("srv/", { ...web, mode: 0o750 }),
    directory("opt/d"),
    file("opt/d/.wh..wh..opq", ""),
    file("opt/d/new", "new"),
    file("through/file", "a directory now"),
  ),
];

let temporary: TemporaryDirectory;
let source = "";

beforeAll(async () => {
  temporary = await TemporaryDirectory.create("layers");
  process.env["BULKHEAD_STORE"] = temporary.join("store");
  source = await layoutOf(layers, "image", { User: "web", WorkingDir: "/srv" });
  // Unpacked once, for all that follows.
  (await openImage(source))[Symbol.dispose]();
});
afterAll(async () => {
  delete process.env["BULKHEAD_STORE"];
  await temporary[Symbol.asyncDispose]();
});

async function layoutOf(blobs: readonly Uint8Array[], name: string, config = {}): Promise<string> {
  const layout = await LayoutWriter.create(temporary.join(name));
  await layout.index(await layout.image(blobs, { config: { config } }));
  return `oci:${layout.path}`;
}

await forEachLevel((level) => {
  it("shows layers as one root, with what upper ones hide", async () => {
    const script =
      "ls /srv /opt/d; cat /opt/d/new /through/file; ls -a /opt | grep -c wh; id -un; pwd; cat /etc/closed";
    const { stdout, stderr } = await run(["sh", "-c", script], { root: source, level });
    const shown = stdout.trim().split("\n");
    expect(shown).toEqual(["/opt/d:", "new", "", "/srv:", "own", "newa directory now0", "web", "/srv"]);
    expect(stderr).toMatch(asRoot ? /closed'?: Permission denied/ : /^/);
  });

  it.runIf(asRoot)("gives everybody their own files", async () => {
    const script = "stat -c '%u %g %a' / /srv /srv/own /etc/junk /bin/su; cat /srv/own; id -u; id -g";
    const { stdout } = await run(["sh", "-c", script], { root: source, level });
    const lines = stdout.replace("mine", "mine ").split("\n");
    // At `chroot` there is no user namespace: ids show as the host has them.
    const from = level === "chroot" ? Number(lines[5]?.split(" ")[1]) - 33 : 0;
    const ids = (...inside: readonly number[]) => inside.map((id) => id + from).join(" ");
    expect(lines.slice(0, 5)).toEqual([
      `${ids(0, 0)} 755`,
      `${ids(33, 33)} 750`,
      `${ids(33, 33)} 600`,
      `${ids(65_534, 65_534)} 644`,
      `${ids(0, 0)} 755`,
    ]);
  });

  it("lets a user write only their own files in a writable root, and changes no layer", async () => {
    const opened = await openImage(source);
    const times = async () => await Promise.all(opened.layers.map(async (path) => (await stat(path)).ctimeMs));
    const before = await times();
    const script =
      "echo x >> /srv/own && cat /srv/own; mkdir /srv/d && rm -r /srv/d && rm /srv/own && ls /srv; echo x > /etc/passwd; rm -rf /opt/d";
    const { stdout, stderr } = await run(["sh", "-c", script], { root: source, level, writable: true });
    expect(stdout).toBe("minex\n");
    // At `chroot` accounts are covered, so that they name the ids that a workload really has.
    if (asRoot) expect(stderr.match(/Permission denied|Read-only file system/g)?.length).toBeGreaterThanOrEqual(2);
    const again = await run(["cat", "/srv/own", "/opt/d/new"], { root: source, level });
    expect(again.stdout).toBe("minenew");
    expect(await times()).toEqual(before);
    opened[Symbol.dispose]();
  });

  it("shows a directory that an upper layer only implies as the layers below describe it", async () => {
    const long = "n".repeat(120);
    const closed = { ...web, mode: 0o700, mtime: 1_000_000_000 };
    const root = await layoutOf(
      [
        rootLayer,
        tar(
          directory("vault", closed),
          directory("vault/sticky", { ...closed, mode: 0o1770 }),
          directory("emptied", closed),
          file("emptied/file", ""),
          gnuLong("L", `vault/${long}`),
          directory("", { ...closed, mode: 0o711 }),
          directory("opened", closed),
          directory("replaced", closed),
        ),
        tar(file("vault/sticky/made", ""), file("emptied/.wh.file", ""), file("opened/file", ""), file("new/file", "")),
        tar(directory("opened", { mode: 0o755, mtime: 1 }), gnuLong("L", `vault/${long}/file`), file("", "")),
        tar(file(".wh.replaced", "")),
        tar(file("replaced/file", "")),
      ],
      `implied-${level}`,
    );
    const script = `cd / && stat -c '%n %u %a %Y' vault vault/sticky vault/${long} emptied opened new replaced; id -u`;
    const { stdout } = await run(["sh", "-c", script], { root, level, user: asRoot ? 33 : 1000 });
    const lines = stdout.trim().split("\n");
    const inside = level === "chroot" || !asRoot ? Number(lines.at(-1)) : 33;
    const [webs, roots] = asRoot ? [inside, inside - 33] : [inside, inside];
    expect(lines.slice(0, -1)).toEqual([
      `vault ${webs} 700 1000000000`,
      `vault/sticky ${webs} 1770 1000000000`,
      `vault/${long} ${webs} 711 1000000000`,
      `emptied ${webs} 700 1000000000`,
      `opened ${roots} 755 1`,
      `new ${roots} 755 0`,
      `replaced ${roots} 755 0`,
    ]);
  });

  it("takes many layers", async () => {
    const many = Array.from({ length: 120 }, (_, n) => tar(file(`many/${n}`, ""), file(`many/.wh.${n - 60}`, "")));
    const root = await layoutOf([rootLayer, ...many], `many-${level}`);
    const { stdout } = await run(["sh", "-c", "ls /many | wc -l; ls /many/59; ls /many/60"], { root, level });
    expect(stdout.trim().split("\n")).toEqual(["60", "/many/60"]);
  });

  it("bounds what is written above them by `disk`", async () => {
    const policy = { root: source, level, writable: true, resources: { disk: "4MiB" } } as const;
    const { stderr, diskFull } = await run(["dd", "if=/dev/zero", "of=/srv/big", "bs=1M", "count=8"], policy);
    expect(stderr).toContain("No space left");
    expect(diskFull).toBe(true);
  });
});

it("what a sandbox uses stays until it has ended, and no longer", async () => {
  const other = await layoutOf([rootLayer, tar(file("only", "here"))], "collected");
  {
    await using sandbox = await Sandbox.create({ root: other });
    await images.prune({ all: true });
    const { stdout } = await sandbox.run(["cat", "/only", "/etc/hostname"]);
    expect(stdout).toContain("here");
    expect(await images.prune({ all: true })).toMatchObject({ trees: 0, treesInUse: 2 });
  }
  expect((await images.prune({ all: true })).trees).toBeGreaterThanOrEqual(2);
  expect(await images.list()).toMatchObject({ unnamedTrees: 0 });
});

it("what says implied directories again is a tree of the image's, found again, and collected with it", async () => {
  const lower = tar(directory("d", { mode: 0o700 }));
  const implying = tar(file("d/file", ""));
  const [needed, needless] = [
    await layoutOf([lower, implying], "said-again"),
    await layoutOf([tar(file("x", "")), implying], "not-said"),
  ];
  await images.prune();
  for (const [root, trees] of [
    [needed, 3],
    [needless, 2],
  ] as const) {
    const layers = [];
    for (const _ of [1, 2]) {
      using opened = await openImage(root);
      layers.push(opened.layers);
    }
    expect(layers[0]).toHaveLength(trees);
    expect(layers[1]).toEqual(layers[0]);
    // One that turned out to be needless is kept as well, to be known as such.
    expect((await images.prune()).trees).toBe(3);
  }
});

it("are the same trees whenever they are unpacked: directories that no entry describes have no time of their own", async () => {
  const trees = async (store: string) => {
    process.env["BULKHEAD_STORE"] = temporary.join(store);
    try {
      using image = await openImage(source);
      return image.layers.map((layer) =>
        execFileSync("find", [layer, "-printf", "%P %y %m %T@\n"], { encoding: "utf8" }).split("\n").sort(),
      );
    } finally {
      process.env["BULKHEAD_STORE"] = temporary.join("store");
    }
  };
  const first = await trees("store");
  expect(await trees("again")).toEqual(first);
  const implied = first.flat().filter((line) => / d \d+ 0\.0{8}10*$/.test(line));
  expect(implied.length).toBeGreaterThanOrEqual(first.length);
});
