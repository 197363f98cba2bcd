import type { ImageFlags } from "../images/flags.js";

/** Flags of commands on a running service. */
export interface ServiceFlags {
  readonly file: string;
  readonly name?: string;
  readonly json?: boolean;
}

export interface UpFlags extends ImageFlags {
  readonly file: string;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly maxBlast?: string;
  readonly json?: boolean;
  readonly broker?: string;
}

export interface BlastFlags {
  readonly file: string;
  readonly json?: boolean;
}

export interface GraphFlags {
  readonly file: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export interface ImportFlags {
  readonly json?: boolean;
}

export interface InstallFlags {
  readonly file: string;
  readonly user?: string;
  readonly broker?: string;
  readonly now?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export type UninstallFlags = ServiceFlags;

export interface LogsFlags extends ServiceFlags {
  readonly follow?: boolean;
}

export interface VerifyServiceFlags extends ServiceFlags {
  readonly all?: boolean;
}

export type ExecFlags = ServiceFlags;
