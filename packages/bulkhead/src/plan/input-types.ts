import type { OciProfile } from "../syscalls/oci.js";

/** What a policy's names turned out to mean on this host. Gathered by `gatherInputs`, so that `compile` can be pure. */
export interface Inputs {
  readonly root: RootInput;
  /** In the order of the policy's `files`; null where the entry is a tmpfs. */
  readonly files: readonly (HostFile | null)[];
  readonly user: UserInput;
  /** The directory to start in: the policy's, the image's, or the default. */
  readonly workdir: string;
  /** The workload's own directory: `workdir`, unless that is the root of an image. */
  readonly home: string;
  /** What the image says, where the root is one. */
  readonly image: ImageDefaults | null;
  /** The seccomp profile that the policy names, where it names a file. */
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
  /** Others than its owner and group may read it (and enter it, if it is a directory). */
  readonly openToAll: boolean;
  /** Why its file system cannot be mounted with ids mapped, where that is known. */
  readonly notMapped?: string;
}

export type RootInput = DirectoryRoot | HostRoot;

export interface DirectoryRoot {
  readonly kind: "directory";
  /** Of several layers the topmost. */
  readonly directory: HostFile;
  /** Directories of an image, the topmost first; null: a directory of the host's, by itself. */
  readonly layers: readonly string[] | null;
  /** What the root has at each place that `compile` may want to mount on (`mountPoints`). */
  readonly kindAt: Readonly<Record<string, PathKind>>;
  /** Where a link at one of `coveredFiles` leads, which is then what is read, covered or made; missing: no link is there. */
  readonly links?: Readonly<Record<string, string>>;
  /** What the root's own copies of `coveredFiles` say; missing where there is none that can be read. */
  readonly contents: Readonly<Record<string, string>>;
  /** Of an image. */
  readonly volumes?: readonly Volume[];
}

/** A directory of an image that is writable whatever the root is. */
export interface Volume {
  /** Without links. */
  readonly at: string;
  /** What the image has there, the topmost first; null: nothing. */
  readonly layers: readonly string[] | null;
  readonly isMissing: boolean;
}

/** The host's own system directories, without its secrets. */
export interface HostRoot {
  readonly kind: "host";
  readonly binds: readonly { readonly source: string; readonly at: string }[];
  /** Which of the `BUNDLES` are files of these. */
  readonly bundles: readonly string[];
  readonly symlinks: readonly { readonly at: string; readonly target: string }[];
  /** What of /etc and /var/lib is not shown, and why, as a clause. */
  readonly left?: readonly { readonly path: string; readonly why: string }[];
}

/** `full`: a directory that holds something. `other` is also a symbolic link somewhere on the way, which only the warden may follow. */
export type PathKind = "missing" | "directory" | "full" | "file" | "other";

export interface ImageDefaults {
  readonly digest?: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What of the image was left out, a line each. */
  readonly notes: readonly string[];
}
