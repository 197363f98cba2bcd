import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Evidence } from "../../packages/bulkhead/src/broker/evidence.js";
import type { Stats } from "../../packages/bulkhead/src/broker/messages.js";
import { Channel } from "../../packages/bulkhead/src/channel/channel.js";
import { BulkheadError } from "../../packages/bulkhead/src/errors/bulkhead-error.js";
import { guestCommandLine } from "../../packages/bulkhead/src/guest/command-line.js";
import { type Boot, GuestControl } from "../../packages/bulkhead/src/guest/control.js";
import { initramfsFor } from "../../packages/bulkhead/src/guest/initramfs.js";
import { defaultKernel, readKernel } from "../../packages/bulkhead/src/guest/kernel/store.js";
import { tscKhz } from "../../packages/bulkhead/src/levels/microvm/tsc.js";

const package_ = fileURLToPath(new URL("../../packages/bulkhead", import.meta.url));
const fixture = fileURLToPath(new URL("../../warden/plan/fixtures/accepted/container.json", import.meta.url));

/** Why no guest can be booted here; undefined when one can. */
export async function lackOfGuests(): Promise<string | undefined> {
  for (const program of ["qemu-system-x86_64", "mkfs.erofs"]) {
    if (spawnSync(program, ["--version"]).error !== undefined) return `no ${program}: ./bulkhead setup microvm`;
  }
  return (await defaultKernel()) === undefined ? "no kernel: ./bulkhead setup microvm" : undefined;
}

/** What one program inside did. */
export interface Ran {
  readonly out: string;
  readonly exitCode: number;
}

/** A guest in an emulated machine with no jail around it: for what happens inside. The root is the base image. */
export class Guest implements AsyncDisposable {
  readonly booted: Promise<Evidence>;
  readonly ended: Promise<{ readonly code: number; readonly stats: Stats }>;
  /** Resolves when the machine is gone. */
  readonly gone: Promise<void>;
  readonly control: GuestControl;
  readonly controlPort: Duplex;
  readonly #qemu: ChildProcess;
  readonly #directory: string;
  readonly #channel: Channel;
  readonly #port: Duplex;

  /** `kernel`: the name of one that is there; else the default. */
  static async start(
    change: (plan: Record<string, unknown>) => void,
    more: Omit<Boot, "plan" | "images"> = {},
    name?: string,
  ): Promise<Guest> {
    const directory = await mkdtemp(join(tmpdir(), "bulkhead-guest-"));
    const image = join(directory, "root.erofs");
    const made = spawnSync("mkfs.erofs", [image, join(package_, "assets", "base")]);
    if (made.status !== 0) throw new Error(made.stderr.toString());
    const kernel = name === undefined ? await defaultKernel() : await readKernel(name);
    if (kernel === undefined) throw new Error("no kernel");
    const initrd = await initramfsFor(kernel, join(package_, "bin", "warden"));
    const append = guestCommandLine({ ports: "serial", emulatedTscKhz: await tscKhz() });
    const machine = `microvm,acpi=${kernel.acpi ? "on" : "off"},isa-serial=on`;
    const options = `-M ${machine} -accel tcg -cpu max,la57=off -m 256M -nodefaults -no-user-config -nographic -no-reboot
      -global virtio-mmio.force-legacy=off -serial none -device virtio-serial-device
      -chardev socket,id=c,fd=3 -device virtserialport,chardev=c,name=bulkhead.channel
      -chardev socket,id=k,fd=4 -device virtserialport,chardev=k,name=bulkhead.control
      -drive file=${image},format=raw,if=none,readonly=on,id=d -device virtio-blk-device,drive=d,serial=bulkhead-0`;
    const args = [...options.split(/\s+/), "-kernel", kernel.path, "-initrd", initrd.path, "-append", append];
    const qemu = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"] });
    return new Guest(qemu, directory, innerPlan(change), more);
  }

  private constructor(qemu: ChildProcess, directory: string, plan: Boot["plan"], more: Omit<Boot, "plan" | "images">) {
    this.#qemu = qemu;
    this.#directory = directory;
    this.#port = qemu.stdio[3] as Duplex;
    this.controlPort = qemu.stdio[4] as Duplex;
    this.gone = new Promise((resolve) => qemu.on("exit", () => resolve()));
    const { promise: booted, resolve: isBooted, reject: isNotBooted } = withResolvers<Evidence>();
    const { promise: ended, resolve: isEnded, reject: isLost } = withResolvers<Awaited<Guest["ended"]>>();
    [this.booted, this.ended] = [booted, ended];
    for (const promise of [booted, ended]) promise.catch(() => undefined);
    const fail = (error: BulkheadError) => {
      isNotBooted(error);
      isLost(error);
    };
    this.control = new GuestControl(this.controlPort, {
      booted: isBooted,
      failed: fail,
      lost: fail,
      ended: (code, stats) => isEnded({ code, stats }),
    });
    this.control.boot({ plan, images: 1, ...more });
    this.#channel = new Channel(this.#port, () => undefined);
  }

  shell(script: string): Promise<Ran> {
    let out = "";
    const env = { PATH: "/usr/bin:/bin:/sbin" };
    const request = { op: "exec", argv: ["sh", "-c", script], env, cwd: "/", stdin: "null" } as const;
    return new Promise((resolve, reject) => {
      const stream = this.#channel.open(request, {
        data: (fd, chunk) => {
          out += chunk.toString();
          stream.consumed(fd, chunk.length);
        },
        result: (value) => resolve({ out, exitCode: Number(value["exitCode"] ?? 128 + Number(value["signal"])) }),
        failed: reject,
      });
    });
  }

  /** The host is gone, as far as init can tell. */
  hangUp(): void {
    this.#channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    this.#port.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#qemu.kill("SIGKILL");
    await this.gone;
    await rm(this.#directory, { recursive: true });
  }
}

/**
 * The fixture of an ordinary sandbox, with the root where a guest finds it and rights that every kernel since 5.19
 * knows.
 */
function innerPlan(change: (plan: Record<string, unknown>) => void): Boot["plan"] {
  const plan = JSON.parse(readFileSync(fixture, "utf8"));
  plan.root.source.path = "/images/0";
  plan.landlock.abi = 2;
  change(plan);
  return plan;
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((one, other) => {
    resolve = one;
    reject = other;
  });
  return { promise, resolve, reject };
}
