/** Facts that the broker found about its host; `warden/plan/src/facts.rs` describes each field. */
export interface Facts {
  readonly kernel: string;
  readonly uid: number;
  readonly privileged: boolean;
  readonly callerUid: number;
  readonly callerGid: number;
  readonly namespaces: readonly string[];
  readonly userns: {
    readonly works: boolean;
    readonly errno: number | null;
    readonly apparmorRestricted: boolean | null;
    readonly unprivilegedClone: boolean | null;
    readonly maximum: number | null;
  };
  readonly cgroup: {
    readonly layout: "v2" | "v1" | "hybrid" | "none";
    readonly version: 0 | 1 | 2;
    readonly controllers: readonly string[];
    readonly parent: string | null;
    readonly why: string | null;
  };
  readonly seccompActions: readonly string[];
  readonly landlockAbi: number;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  readonly ceilings: {
    readonly openFiles: number;
    readonly processes: number | null;
    readonly addressSpaceBytes: number | null;
    readonly memoryBytes: number;
    readonly processors: number;
  };
  readonly newMountApi: boolean;
}
