/** What a guest's kernel is told. */
export interface CommandLineOptions {
  /** Where channel and control are: virtio-serial ports, or vsock ports. */
  readonly ports: "serial" | "vsock";
  /** Thousands of cycles a second of an emulated time-stamp counter; undefined with hardware virtualisation. */
  readonly emulatedTscKhz?: number;
}

/** The kernel command line of a guest; `docs/guest.md` says what each word is for. The VMM adds its devices to it. */
export function guestCommandLine({ ports, emulatedTscKhz }: CommandLineOptions): string {
  const words = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "reboot=t",
    "pci=off",
    "lsm=landlock,yama,apparmor",
    // A machine that was paused or copied would trip it.
    "nowatchdog",
    `bulkhead.ports=${ports}`,
  ];
  if (emulatedTscKhz !== undefined) {
    // Ticks are late on a host that is busy: a clock that counted them would fall behind, and so would one that is compared with them.
    words.push(`tsc_early_khz=${emulatedTscKhz}`, "no_timer_check", "tsc=reliable");
  }
  return words.join(" ");
}
