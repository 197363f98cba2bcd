/** What a policy's names turned out to mean on this host. Gathered by `gatherInputs`, so that `compile` can be pure. */
export interface Inputs {
  readonly root: RootInput;
  /** In the order of the policy's `files`; null where the entry is a tmpfs. */
  readonly files: readonly (HostFile | null)[];
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly groups: readonly number[];
    readonly name: string;
  };
  /** What the image says, where the root is one. */
  readonly image: ImageDefaults | null;
}

/** A host path, resolved. */
export interface HostFile {
  /** Canonical: no part of it is a symbolic link. */
  readonly path: string;
  readonly kind: "directory" | "file";
  readonly uid: number;
  readonly gid: number;
}

export type RootInput =
  | {
      readonly kind: "directory";
      readonly directory: HostFile;
      /** Where this root has no directory or file, of those paths that `compile` may want to mount on. */
      readonly kindAt: Readonly<Record<string, PathKind>>;
      /** What `directory.uid` owns is root's inside; null: owners are as on disk. */
      readonly ownedByRoot: boolean;
    }
  | {
      /** The host's own system directories, without its secrets. */
      readonly kind: "host";
      readonly binds: readonly { readonly source: string; readonly at: string; readonly kind: "directory" | "file" }[];
      readonly symlinks: readonly { readonly at: string; readonly target: string }[];
    };

/** `full`: a directory that holds something. */
export type PathKind = "missing" | "directory" | "full" | "file" | "other";

export interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
}
