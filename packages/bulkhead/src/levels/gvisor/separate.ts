import { inodesFor } from "../../plan/compile/inodes.js";
import type { Mount, Owner, Plan } from "../../plan/schema.js";
import { SHARED_MEMORY } from "../../policy/paths.js";
import { inRoot } from "./jail.js";
import { MOUNTS } from "./layout.js";

const FOR_ALL = { mode: 0o1777, uid: 0, gid: 0, exec: false } as const;

/** A mount that the Sentry treats as one, and not merely as a directory of its root. */
export interface Separate {
  readonly at: string;
  /** Path in the jail. */
  readonly source: string;
  readonly readOnly: boolean;
  readonly exec: boolean;
  /** Files of the image in it may be covered. */
  readonly covered?: true;
  /** The broker's mounts: the source itself, and a place for `runsc` to mount it on. */
  readonly mounts: readonly Mount[];
}

/**
 * Writable mounts and those a policy names: their sizes and attributes show inside, noexec applies, and changes on the
 * host are visible. The parts of `root: host` belong to the root.
 */
export function separately({ mounts, root }: Plan): readonly Separate[] {
  return mounts.flatMap((mount, index): readonly Separate[] => {
    const source = `${MOUNTS}/${index}`;
    if (mount.kind === "tmpfs") {
      // The mount point must exist; `runsc` covers it.
      const place: Mount = { ...mount, at: inRoot(mount.at), sizeBytes: 4096, inodes: 16, mode: 0o555 };
      const { at, exec } = mount;
      return [{ at, source, readOnly: false, exec, mounts: [{ ...mount, at: source }, place] }];
    }
    if (mount.kind === "layers") {
      const { at, exec } = mount;
      const place: Mount = {
        kind: "tmpfs",
        at: inRoot(at),
        sizeBytes: 4096,
        inodes: 16,
        mode: 0o555,
        uid: 0,
        gid: 0,
        exec,
      };
      return [{ at, source, readOnly: false, exec, covered: true, mounts: [{ ...mount, at: source }, place] }];
    }
    if (mount.kind === "dev") {
      // A file system of the broker's, which can see when it is full. The Sentry's own /dev has the mount point.
      const { shmBytes: sizeBytes } = mount;
      const shared: Mount = { kind: "tmpfs", at: source, sizeBytes, inodes: inodesFor(sizeBytes), ...FOR_ALL };
      return [{ at: SHARED_MEMORY, source, readOnly: false, exec: false, mounts: [shared] }];
    }
    if (mount.kind === "bind" && !(root.source.kind === "empty" && mount.readOnly && mount.source === mount.at)) {
      const { at, exec, readOnly } = mount;
      const place: Mount = { ...mount, at: inRoot(mount.at), readOnly: true };
      return [{ at, source, readOnly, exec, mounts: [{ ...mount, at: source, owner: made(mount) }, place] }];
    }
    return [];
  });
}

/** The gofer creates files as root of its jail, and then gives them to their owner. */
function made({ owner, readOnly }: Extract<Mount, { kind: "bind" }>): Owner | null {
  return owner === null || readOnly || !("hostUid" in owner) ? owner : { ...owner, maker: true };
}
