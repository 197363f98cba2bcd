import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { Apt } from "./apt.js";
import { cached } from "./cache.js";
import { command } from "./command.js";
import { MachineError } from "./errors.js";

/** A kernel image and the directory of its modules (`…/lib/modules/RELEASE`). */
export interface Kernel {
  readonly image: string;
  readonly modules: string;
  readonly release: string;
}

/** A static busybox: the guest's first program, whatever the host's root holds. */
export async function busybox(): Promise<string> {
  const directory = await cached("busybox", (target) =>
    withApt(target, "bookworm", (apt) => apt.unpack(["busybox-static"], target)),
  );
  return join(directory, "bin/busybox");
}

/** Debian's cloud kernel of one suite: small, with virtio as modules, and the same features as the ordinary kernel. */
export async function kernel(suite: string): Promise<Kernel> {
  const tool = await busybox();
  const directory = await cached(`kernel-${suite}`, (target) =>
    withApt(target, suite, async (apt, scratch) => {
      // Newer Debian splits the image: linux-binary has the kernel, linux-modules the modules, both below /usr.
      const wanted = /^linux-(?:image|binary|modules)-\d\S+-cloud-amd64$/;
      const names = (await apt.closure("linux-image-cloud-amd64")).filter((name) => wanted.test(name));
      await apt.unpack(names, scratch);
      const tree = (await exists(join(scratch, "usr/lib/modules"))) ? join(scratch, "usr/lib") : join(scratch, "lib");
      const release = await only(join(tree, "modules"));
      await mkdir(join(target, "lib"));
      await rename(join(tree, "modules"), join(target, "lib/modules"));
      const boot = (await exists(join(scratch, "boot"))) ? await files(join(scratch, "boot"), /^vmlinuz/) : [];
      await rename(boot[0] ?? join(target, "lib/modules", release, "vmlinuz"), join(target, "vmlinuz"));
      // Unpacked once and here, not under emulation at each load.
      await command(["find", join(target, "lib"), "-name", "*.ko.xz", "-exec", tool, "unxz", "{}", "+"]);
      await command([tool, "depmod", "-b", target, release]);
    }),
  );
  const release = await only(join(directory, "lib/modules"));
  return { image: join(directory, "vmlinuz"), modules: join(directory, "lib/modules", release), release };
}

/** A tree with Debian packages for this machine's release and what they need beyond what is installed here. */
export async function packages(names: readonly string[]): Promise<string> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined) throw new MachineError("/etc/os-release names no release: --packages needs Debian");
  const key = createHash("sha256")
    .update([suite, ...names].join(" "))
    .digest("hex")
    .slice(0, 12);
  return cached(`packages-${key}`, async (target) => {
    for (const link of ["bin", "sbin", "lib"]) {
      // As in the host's merged /usr: a real /sbin here would hide the host's link.
      await mkdir(join(target, "usr", link), { recursive: true });
      await symlink(`usr/${link}`, join(target, link));
    }
    await withApt(
      target,
      suite,
      async (apt) => {
        const missing = await apt.missing(names);
        await apt.unpack(missing.length === 0 ? names : missing, target);
      },
      "/var/lib/dpkg/status",
    );
  });
}

async function withApt(
  target: string,
  suite: string,
  work: (apt: Apt, scratch: string) => Promise<void>,
  status?: string,
): Promise<void> {
  const scratch = await mkdtemp(join(target, ".apt-"));
  await work(await Apt.open(scratch, suite, status), scratch);
  await rm(scratch, { recursive: true });
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

async function files(directory: string, pattern: RegExp): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => pattern.test(name)).map((name) => join(directory, name));
}

async function only(directory: string): Promise<string> {
  const [name, ...more] = await readdir(directory);
  if (name === undefined || more.length > 0) throw new MachineError(`${directory}: one entry expected`);
  return name;
}
