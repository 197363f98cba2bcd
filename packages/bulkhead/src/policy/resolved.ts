import type { Level, Trust } from "./level.js";
import type { ResolvedNetwork, Secret } from "./network/types.js";
import type { Protection } from "./protections.js";

/** A policy with every default filled in, every unit a number, and every host path absolute. */
export interface ResolvedPolicy {
  readonly root: RootChoice;
  /** Who must have signed an image: the first matching rule applies. Null: no signature needed. */
  readonly verify: readonly VerifyRule[] | null;
  readonly writableRoot: boolean;
  /** The level to run at: `exact` is never replaced; a floor alone is raised to what `trust` asks for. */
  readonly level: { readonly exact: Level | null; readonly min: Level | null };
  readonly trust: Trust | null;
  readonly user: UserChoice;
  /** Null: the image's, or `/work`. */
  readonly workdir: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly FileChoice[];
  /** Null: every file may be read and executed, and every writable mount written. */
  readonly access: Access | null;
  /** Null: any port in the network namespace. */
  readonly tcp: TcpPorts | null;
  readonly syscalls: SyscallChoice;
  readonly network: ResolvedNetwork;
  /** Addresses of the loopback inside, by name. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly secrets: readonly Secret[];
  /** Without `CAP_`, sorted. */
  readonly capabilities: readonly string[];
  readonly resources: ResolvedResources;
  readonly require: readonly Protection[];
  readonly hostname: string;
  /** Name of a loaded AppArmor profile, or `generated` for one from the policy. */
  readonly apparmor: string | null;
  /** The SELinux label to run with. */
  readonly selinux: string | null;
}

export type RootChoice =
  | { readonly kind: "base" }
  | { readonly kind: "host" }
  | { readonly kind: "directory"; readonly path: string }
  /** A name in a registry, or `oci:PATH[:TAG]` or `docker-archive:PATH` with the path absolute. */
  | { readonly kind: "image"; readonly source: string };

/** Signatures required for images of some repositories. */
export interface VerifyRule {
  /** As written: a name, or `registry/repository` with `*` for anything. */
  readonly match: string;
  /** The repository that signatures name; null: the one the image is pulled from. */
  readonly repository: string | null;
  readonly signer: Signer;
}

export type Signer =
  | { readonly kind: "unsigned" }
  /** Absolute paths of files with public keys; one of them must have signed. */
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  /** An identity that a CA vouched for. `identity` may contain `*`; `trustedRoot` is the absolute path of a file. */
  | { readonly kind: "identity"; readonly identity: string; readonly issuer: string; readonly trustedRoot: string };

export type UserChoice =
  /** The image's user if it names one other than root, else 1000:1000. */
  | { readonly kind: "default" }
  | { readonly kind: "ids"; readonly uid: number; readonly gid: number }
  /** Looked up in the root's own /etc/passwd. */
  | { readonly kind: "name"; readonly name: string };

export type SyscallChoice =
  | { readonly kind: "built-in"; readonly name: "default" | "strict" }
  /** An OCI seccomp profile; the path is absolute. */
  | { readonly kind: "file"; readonly path: string };

export type FileChoice =
  | {
      readonly kind: "host";
      readonly source: string;
      readonly at: string;
      readonly writable: boolean;
      readonly exec: boolean;
      /** Unix sockets in it that were created outside the sandbox may be connected to. */
      readonly sockets?: true;
    }
  /** `sizeBytes` null: `resources.disk`. */
  | { readonly kind: "tmpfs"; readonly at: string; readonly sizeBytes: number | null; readonly exec: boolean };

/** The only TCP ports that may be bound and connected to, for any address. */
export interface TcpPorts {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
}

/** Files, or directories with everything below them. */
export interface Access {
  /** Files to read and directories to list. */
  readonly read: readonly string[];
  /** Directories to list only. */
  readonly list: readonly string[];
  /** Null: all writable mounts. */
  readonly write: readonly string[] | null;
  readonly execute: readonly string[];
}

export interface ResolvedResources {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly milliCpus: number;
  /** Size of each of the sandbox's own writable file systems. */
  readonly diskBytes: number;
  /** Null: no limit. Undefined: not stated, so `run` applies `RUN_TIME_MS` and a `Sandbox` none. */
  readonly timeMs: number | null | undefined;
  readonly outputBytes: number;
  readonly openFiles: number;
}
