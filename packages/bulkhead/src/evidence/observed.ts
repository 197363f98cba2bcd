/** Evidence that the broker read from outside about one process of a sandbox (`docs/control.md`). */
export interface ProcessEvidence {
  /** Process id on the host. */
  readonly pid: number;
  /** Real, effective, saved and file system uid on the host. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  /** Hexadecimal masks in the format of /proc. */
  readonly capabilities: Readonly<Record<"permitted" | "effective" | "bounding" | "ambient", string>>;
  readonly noNewPrivs: boolean;
  /** 0: none, 1: strict, 2: filters. */
  readonly seccomp: 0 | 1 | 2;
  readonly seccompFilters: number;
  /** `own`: not the broker's namespace. */
  readonly namespaces: Readonly<Record<string, "own" | "host">>;
  readonly lsm: string | null;
}

/** Protections in force, as the broker read them from outside. Never based on anything that init said. */
export interface Evidence {
  readonly init: ProcessEvidence;
  /** Every process inside; null unless requested. */
  readonly processes: readonly ProcessEvidence[] | null;
  readonly cgroup: {
    readonly version: 0 | 1 | 2;
    readonly memoryMax: number | null;
    readonly pidsMax: number | null;
    readonly cpuMax: number | null;
  };
  readonly landlock: { readonly abi: number } | null;
  readonly mounts: { readonly rootReadOnly: boolean; readonly count: number };
}
