/** The kinds of host that a guest can be. What is not said is as Debian has it after installation. */
export interface MachineSettings {
  /** Of which Debian: 6.1, 6.12, and whatever is newest. */
  readonly kernel: "bookworm" | "trixie" | "sid";
  /** Who the command runs as. Made, with a home and subordinate ids, if this machine has no such user. */
  readonly user: string;
  /** AppArmor as LSM (no profile loaded), or no major LSM at all. Landlock is always there. */
  readonly apparmor: boolean;
  /** `kernel.unprivileged_userns_clone=0`: user namespaces for root only. */
  readonly usernsRestrict: boolean;
  /**
   * v2 as systemd lays it out, the user's part delegated; v1 with one hierarchy per controller; or v1 plus an empty v2.
   */
  readonly cgroup: "v2" | "v1" | "hybrid";
  /** QEMU's notation: `3G`. */
  readonly memory: string;
  readonly cpus: number;
  /** Directories of this machine, seen at the same path. */
  readonly shares: readonly { readonly path: string; readonly mode: ShareMode }[];
  /** For the command; the boot is not counted. */
  readonly timeoutS: number;
  /** A /dev/kvm that really works (nested, emulated AMD SVM). */
  readonly kvm: boolean;
  /** Debian packages for this machine's release, unpacked over the root; install scripts do not run. */
  readonly packages: readonly string[];
  /** A file for the whole kernel log. */
  readonly console: string | undefined;
}

/** `cow`: writable in the guest, and what it wrote is lost with it. */
export type ShareMode = "ro" | "rw" | "cow";

export const defaults: MachineSettings = {
  kernel: "bookworm",
  user: "root",
  apparmor: true,
  usernsRestrict: false,
  cgroup: "v2",
  memory: "3G",
  cpus: 2,
  shares: [],
  timeoutS: 600,
  kvm: false,
  packages: [],
  console: undefined,
};

/** What runs in the guest. */
export interface GuestCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Directories of this machine that it reads. Shared, writes lost, if the guest's root does not show them anyhow. */
  readonly needs: readonly string[];
  /** Shell commands that root runs before it: what an administrator would have done on that host. */
  readonly prepare?: string;
}
