import type { Level, Trust } from "./level.js";
import type { ResolvedNetwork, Secret } from "./network/types.js";
import type { Protection } from "./protections.js";

/** A policy with every default filled in, every unit a number, and every host path absolute. */
export interface ResolvedPolicy {
  readonly root: RootChoice;
  /** Who must have signed an image: the first rule that matches it holds. Null: nobody. */
  readonly verify: readonly VerifyRule[] | null;
  readonly writableRoot: boolean;
  /** The level to run at: `exact` is never replaced, a floor alone is raised to what `trust` asks for. */
  readonly level: { readonly exact: Level | null; readonly min: Level | null };
  readonly trust: Trust | null;
  readonly user: UserChoice;
  /** Null: the image's, or `/work`. */
  readonly workdir: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly FileChoice[];
  /** Null: whatever is there may be read and executed, and what is mounted writable written. */
  readonly access: Access | null;
  /** Null: any port, of what the network namespace has. */
  readonly tcp: TcpPorts | null;
  readonly syscalls: SyscallChoice;
  readonly network: ResolvedNetwork;
  readonly secrets: readonly Secret[];
  /** Without `CAP_`, sorted. */
  readonly capabilities: readonly string[];
  readonly resources: ResolvedResources;
  readonly require: readonly Protection[];
  readonly hostname: string;
  /** Name of an AppArmor profile that is loaded already, or `generated`: one is made of the policy. */
  readonly apparmor: string | null;
  /** The SELinux label to run with. */
  readonly selinux: string | null;
}

export type RootChoice =
  | { readonly kind: "base" }
  | { readonly kind: "host" }
  | { readonly kind: "directory"; readonly path: string }
  /** A name of a registry's, or `oci:PATH[:TAG]` or `docker-archive:PATH` with the path absolute. */
  | { readonly kind: "image"; readonly source: string };

/** What images of some repositories must be signed by. */
export interface VerifyRule {
  /** As it was written: a name, or `registry/repository` with `*` for anything. */
  readonly match: string;
  /** The repository that signatures name; null: the one that the image is pulled from. */
  readonly repository: string | null;
  readonly signer: Signer;
}

export type Signer =
  | { readonly kind: "unsigned" }
  /** Absolute paths of files with public keys; one of them must have signed. */
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  /** Whom a certificate authority vouched for. `identity` may hold `*`; `trustedRoot` is the absolute path of a file. */
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
      /** Unix sockets in it that others than the sandbox made may be connected to. */
      readonly sockets?: true;
    }
  /** `sizeBytes` null: `resources.disk`. */
  | { readonly kind: "tmpfs"; readonly at: string; readonly sizeBytes: number | null; readonly exec: boolean };

/** The only TCP ports that may be bound and connected to, whatever the address. */
export interface TcpPorts {
  readonly bind: readonly number[];
  readonly connect: readonly number[];
}

/** Files, or directories with all that is below them. */
export interface Access {
  /** Files read, directories listed. */
  readonly read: readonly string[];
  /** Directories listed, and no more. */
  readonly list: readonly string[];
  /** Null: what is mounted writable. */
  readonly write: readonly string[] | null;
  readonly execute: readonly string[];
}

export interface ResolvedResources {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly milliCpus: number;
  /** Of each of the sandbox's own writable file systems. */
  readonly diskBytes: number;
  /** Null: no limit. Undefined: not said, so `run` applies `RUN_TIME_MS` and a `Sandbox` none. */
  readonly timeMs: number | null | undefined;
  readonly outputBytes: number;
  readonly openFiles: number;
}
