import { describe, expect, it } from "vitest";
import { firecrackerMonitor } from "../../src/levels/microvm/firecracker/monitor.js";
import { qemuArguments } from "../../src/levels/microvm/qemu/arguments.js";

const machine = {
  kernel: "/k",
  initramfs: "/i",
  images: ["/a", "/b"],
  memoryMib: 192,
  cpus: 3,
  commandLine: "quiet",
  acpi: true,
};

describe("arguments of monitors", () => {
  it("Firecracker gets only its socket, its name and its log level", async () => {
    // Any program that there is: it is not started.
    const { argv, env } = await firecrackerMonitor(process.execPath, machine);
    expect(argv.slice(0, 4)).toEqual(["warden", "relay", "firecracker", "/vm/firecracker"]);
    expect(argv.slice(4).filter((word) => word.startsWith("-"))).toEqual(["--api-sock", "--id", "--level"]);
    expect(env).toEqual({});
  });

  it.each(["kvm", "tcg"] as const)("QEMU with %s gets no devices except channel, control and disks", (accelerator) => {
    const words = qemuArguments(machine, accelerator);
    const after = (option: string) => words.filter((_, index) => words[index - 1] === option);
    expect(after("-device").map((device) => device.split(",")[0])).toEqual([
      "virtio-serial-device",
      "virtserialport",
      "virtserialport",
      "virtio-blk-device",
      "virtio-blk-device",
    ]);
    expect(words).toEqual(expect.arrayContaining(["-nodefaults", "-no-user-config", "-no-reboot"]));
    expect(after("-blockdev").every((disk) => disk.includes("read-only=on"))).toBe(true);
    expect(after("-cpu")[0]).toMatch(/,svm=off,vmx=off$/);
    expect(after("-sandbox")[0]).toBe("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  });
});
