/** Options for a guest's kernel command line. */
export interface CommandLineOptions {
  /** Transport of channel and control: virtio-serial ports, or vsock ports. */
  readonly ports: "serial" | "vsock";
  /** Frequency in kHz of an emulated time-stamp counter; undefined with hardware virtualisation. */
  readonly emulatedTscKhz?: number;
}

/** The kernel command line of a guest; `docs/guest.md` explains each word. The VMM appends its devices. */
export function guestCommandLine({ ports, emulatedTscKhz }: CommandLineOptions): string {
  const words = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "reboot=t",
    "pci=off",
    "lsm=landlock,yama,apparmor",
    // Pausing or copying a machine would trigger the watchdog.
    "nowatchdog",
    `bulkhead.ports=${ports}`,
  ];
  if (emulatedTscKhz !== undefined) {
    // Ticks are late on a busy host: a clock that counts them, or is checked against them, would fall behind.
    words.push(`tsc_early_khz=${emulatedTscKhz}`, "no_timer_check", "tsc=reliable");
  }
  return words.join(" ");
}
