import { CHANNEL_FD, fdOf, INITRAMFS, imageAt, KERNEL, type Machine } from "../machine.js";

export type Accelerator = "kvm" | "tcg";

/** Size of QEMU's buffer of translated code, which counts as memory of the jail. */
export const TCG_BUFFER_MIB = 32;

/**
 * QEMU's command line, without its name. The machine is `microvm`: no PCI, no floppy, no firmware menus, and no device
 * that is not named here. QEMU's own `-sandbox` is on, beside the jail's filter.
 */
export function qemuArguments(machine: Machine, accelerator: Accelerator): readonly string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...[
      "-machine",
      `microvm,acpi=${machine.acpi ? "on" : "off"},isa-serial=on`,
      "-global",
      "virtio-mmio.force-legacy=off",
    ],
    ...accelerated(accelerator),
    ...["-smp", String(machine.cpus), "-m", `${machine.memoryMib}M`],
    ...["-kernel", KERNEL, "-initrd", INITRAMFS, "-append", machine.commandLine],
    ...["-chardev", `socket,id=console,fd=${fdOf("console")}`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=monitor,fd=${fdOf("monitor")}`, "-mon", "chardev=monitor,mode=control"],
    ...["-device", `virtio-serial-device,max_ports=${machine.egress ? 4 : 3}`],
    ...port("channel", CHANNEL_FD),
    ...port("control", fdOf("control")),
    ...(machine.egress ? port("egress", fdOf("egress")) : []),
    ...machine.images.flatMap((_, index) => disk(index)),
  ];
}

/** Without the instructions for nested guests: many escapes from KVM used them. */
const NO_GUESTS = "svm=off,vmx=off";

function accelerated(accelerator: Accelerator): readonly string[] {
  switch (accelerator) {
    case "kvm":
      return ["-accel", "kvm", "-cpu", `host,${NO_GUESTS}`];
    case "tcg":
      // la57 (five-level page tables) is broken in QEMU 7.2's emulation: programs in the guest abort.
      return ["-accel", `tcg,thread=multi,tb-size=${TCG_BUFFER_MIB}`, "-cpu", `max,la57=off,${NO_GUESTS}`];
  }
}

function port(name: string, fd: number): readonly string[] {
  return [
    ...["-chardev", `socket,id=${name},fd=${fd}`],
    ...["-device", `virtserialport,chardev=${name},name=bulkhead.${name}`],
  ];
}

/** `locking=off`: an image never changes, and a lock would need a writable descriptor. */
function disk(index: number): readonly string[] {
  return [
    ...["-blockdev", `driver=file,node-name=image-${index},filename=${imageAt(index)},read-only=on,locking=off`],
    ...["-device", `virtio-blk-device,drive=image-${index},serial=bulkhead-${index}`],
  ];
}
