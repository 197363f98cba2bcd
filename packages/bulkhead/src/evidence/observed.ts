/** What the broker read from outside about one process of a sandbox (`docs/control.md`). */
export interface ProcessEvidence {
  /** As the host sees it. */
  readonly pid: number;
  /** Real, effective, saved and file system ids, as the host sees them. */
  readonly uid: readonly number[];
  readonly gid: readonly number[];
  /** Hexadecimal masks, as /proc writes them. */
  readonly capabilities: Readonly<Record<"permitted" | "effective" | "bounding" | "ambient", string>>;
  readonly noNewPrivs: boolean;
  /** 0: none, 1: strict, 2: filters. */
  readonly seccomp: 0 | 1 | 2;
  readonly seccompFilters: number;
  /** `own`: not the broker's. */
  readonly namespaces: Readonly<Record<string, "own" | "host">>;
  readonly lsm: string | null;
}

/** What was in force, as the broker saw it. Never anything that init said. */
export interface Evidence {
  readonly init: ProcessEvidence;
  /** Every process inside; only when asked for. */
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
