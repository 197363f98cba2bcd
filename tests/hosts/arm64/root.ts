import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Apt } from "../machine/apt.js";
import { cached } from "../machine/cache.js";
import { command } from "../machine/command.js";
import { cpio } from "../machine/cpio.js";
import { busybox } from "../machine/downloads.js";
import { MachineError } from "../machine/errors.js";
import { loadingOrder } from "../machine/initramfs.js";

const SUITE = "trixie";
const ROOT = [
  "nodejs",
  "busybox-static",
  "util-linux",
  "mount",
  "procps",
  "iproute2",
  "perl",
  "python3",
  "gcc",
  "libc6-dev",
];
const MORE = ["libc-bin", "passwd", "bash", "coreutils", "kmod", "hostname", "openssl", "curl", "git", "libcap2-bin"];
const KERNEL = "linux-image-cloud-arm64";
/** Users and groups, which the install scripts of these packages would copy. */
const BASE = ["base-files", "base-passwd", "netbase"];

/** What an emulated arm64 machine boots: a root of Debian's packages as an ext4 image, its kernel, an initramfs. */
export interface Arm64Root {
  readonly image: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly busybox: string;
}

/** The packages are unpacked, and none of their scripts runs: that would need an emulator for arm64 programs here. */
export async function arm64Root(): Promise<Arm64Root> {
  const directory = await cached("arm64-root", async (target) => {
    const scratch = await mkdtemp(join(target, ".apt-"));
    const apt = await Apt.open(scratch, SUITE, "/dev/null", "arm64");
    const root = join(scratch, "root");
    for (const name of ["bin", "sbin", "lib"]) {
      await mkdir(join(root, "usr", name), { recursive: true });
      await symlink(`usr/${name}`, join(root, name));
    }
    await apt.unpack(await apt.missing([...ROOT, ...MORE, ...BASE, KERNEL]), root);
    for (const name of ["passwd", "group"])
      await command(["cp", join(root, `usr/share/base-passwd/${name}.master`), join(root, "etc", name)]);
    for (const name of ["proc", "sys", "dev", "srv"]) await mkdir(join(root, name), { recursive: true });
    await putKernel(root, target);
    await command(["cp", join(root, "usr/bin/busybox"), join(target, "busybox")]);
    await command(["mke2fs", "-q", "-t", "ext4", "-d", root, join(target, "root.img"), "3G"]);
    await rm(scratch, { recursive: true });
  });
  const at = (name: string) => join(directory, name);
  return { image: at("root.img"), kernel: at("vmlinuz"), initrd: at("initrd"), busybox: at("busybox") };
}

async function putKernel(root: string, target: string): Promise<void> {
  const modules = join(root, "usr/lib/modules");
  const [release] = await readdir(modules);
  if (release === undefined) throw new MachineError(`${KERNEL} has no modules`);
  const image = [join(root, "boot", `vmlinuz-${release}`), join(modules, release, "vmlinuz")].find((path) =>
    existsSync(path),
  );
  if (image === undefined) throw new MachineError(`${KERNEL} has no vmlinuz`);
  await rename(image, join(target, "vmlinuz"));
  const tool = await busybox();
  await command(["find", modules, "-name", "*.ko.xz", "-exec", tool, "unxz", "{}", "+"]);
  await command([tool, "depmod", "-b", root, release]);
  const order = loadingOrder(await readFile(join(modules, release, "modules.dep"), "utf8"), [
    "virtio_pci",
    "virtio_blk",
    "ext4",
  ]);
  const module = async (path: string, index: number) => ({
    name: `modules/${index}`,
    data: await readFile(join(modules, release, path)),
  });
  const files = [
    ...["bin", "modules"].map((name) => ({ name })),
    { name: "bin/busybox", data: await readFile(join(root, "usr/bin/busybox")) },
    { name: "init", data: await readFile(new URL("guest.sh", import.meta.url)) },
    ...(await Promise.all(order.map(module))),
    { name: "modules/order", data: Buffer.from(order.map((_, index) => index).join("\n")) },
  ];
  await writeFile(join(target, "initrd"), cpio(files));
}
