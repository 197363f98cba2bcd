import type { OciProfile } from "../syscalls/oci.js";

/** The meaning of a policy's names on this host. `gatherInputs` collects it, so that `compile` can be pure. */
export interface Inputs {
  readonly root: RootInput;
  /** In the order of the policy's `files`; null for a tmpfs. */
  readonly files: readonly (HostFile | null)[];
  readonly user: UserInput;
  /** The directory to start in: the policy's, the image's, or the default. */
  readonly workdir: string;
  /** The workload's own directory: `workdir`, unless that is the root of an image. */
  readonly home: string;
  /** The image's settings, if the root is an image. */
  readonly image: ImageDefaults | null;
  /** The seccomp profile, if the policy names a file. */
  readonly profile?: { readonly path: string; readonly content: OciProfile };
}

/** Ids inside; `name` is for USER and LOGNAME. */
export interface UserInput {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly name: string;
}

/** A host path, resolved. */
export interface HostFile {
  /** Canonical: no part of it is a symbolic link. */
  readonly path: string;
  readonly kind: "directory" | "file";
  readonly uid: number;
  readonly gid: number;
  /** Users other than its owner and group may read it (and enter it, if it is a directory). */
  readonly openToAll: boolean;
  /** Why its file system does not support idmapped mounts, if that is known. */
  readonly notMapped?: string;
}

export type RootInput = DirectoryRoot | HostRoot;

export interface DirectoryRoot {
  readonly kind: "directory";
  /** The topmost of several layers. */
  readonly directory: HostFile;
  /** Directories of an image, topmost first; null: a single host directory. */
  readonly layers: readonly string[] | null;
  /** The root's file type at each path that `compile` may want to mount on (`mountPoints`). */
  readonly kindAt: Readonly<Record<string, PathKind>>;
  /** Target of a link at one of `coveredFiles`; that target is read, covered or created. Absent if there is no link. */
  readonly links?: Readonly<Record<string, string>>;
  /** Content of the root's own copies of `coveredFiles`; absent if there is no readable one. */
  readonly contents: Readonly<Record<string, string>>;
  /** Volumes of an image. */
  readonly volumes?: readonly Volume[];
}

/** A directory of an image that is writable whatever the root is. */
export interface Volume {
  /** Without links. */
  readonly at: string;
  /** The image's content there, topmost first; null if none. */
  readonly layers: readonly string[] | null;
  readonly isMissing: boolean;
}

/** The host's own system directories, without its secrets. */
export interface HostRoot {
  readonly kind: "host";
  readonly binds: readonly { readonly source: string; readonly at: string }[];
  /** The `BUNDLES` that are files of these. */
  readonly bundles: readonly string[];
  readonly symlinks: readonly { readonly at: string; readonly target: string }[];
  /** Hidden entries of /etc and /var/lib, and why, as a clause. */
  readonly left?: readonly { readonly path: string; readonly why: string }[];
}

/**
 * `full`: a non-empty directory. `other` includes a symbolic link somewhere on the way, which only the warden may
 * follow.
 */
export type PathKind = "missing" | "directory" | "full" | "file" | "other";

export interface ImageDefaults {
  readonly digest?: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Parts of the image that are ignored, one line each. */
  readonly notes: readonly string[];
}
