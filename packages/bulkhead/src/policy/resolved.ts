import type { Level, Trust } from "./level.js";
import type { Protection } from "./protections.js";

/** A policy with every default filled in, every unit a number, and every host path absolute. */
export interface ResolvedPolicy {
  readonly root: RootChoice;
  readonly writableRoot: boolean;
  /** The level to run at: `exact` is never replaced, a floor alone is raised to what `trust` asks for. */
  readonly level: { readonly exact: Level | null; readonly min: Level | null };
  readonly trust: Trust | null;
  readonly user: UserChoice;
  /** Null: the image's, or `/work`. */
  readonly workdir: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly FileChoice[];
  /** Without `CAP_`, sorted. */
  readonly capabilities: readonly string[];
  readonly resources: ResolvedResources;
  readonly require: readonly Protection[];
  readonly hostname: string;
  /** Name of an AppArmor profile that is loaded already. */
  readonly apparmor: string | null;
}

export type RootChoice =
  | { readonly kind: "base" }
  | { readonly kind: "host" }
  | { readonly kind: "directory"; readonly path: string }
  /** A name of a registry's, or `oci:PATH[:TAG]` or `docker-archive:PATH` with the path absolute. */
  | { readonly kind: "image"; readonly source: string };

export type UserChoice =
  /** The image's user if it names one other than root, else 1000:1000. */
  | { readonly kind: "default" }
  | { readonly kind: "ids"; readonly uid: number; readonly gid: number }
  /** Looked up in the root's own /etc/passwd. */
  | { readonly kind: "name"; readonly name: string };

export type FileChoice =
  | {
      readonly kind: "host";
      readonly source: string;
      readonly at: string;
      readonly writable: boolean;
      readonly exec: boolean;
    }
  /** `sizeBytes` null: `resources.disk`. */
  | { readonly kind: "tmpfs"; readonly at: string; readonly sizeBytes: number | null; readonly exec: boolean };

export interface ResolvedResources {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly milliCpus: number;
  /** Of each of the sandbox's own writable file systems; also the largest file it may write. */
  readonly diskBytes: number;
  /** Null: no limit. Undefined: not said, so `run` applies `RUN_TIME_MS` and a `Sandbox` none. */
  readonly timeMs: number | null | undefined;
  readonly outputBytes: number;
  readonly openFiles: number;
}
