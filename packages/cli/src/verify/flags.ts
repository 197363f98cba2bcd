export interface VerifyFlags {
  readonly level: string;
  readonly json?: boolean;
  readonly junit?: string;
  readonly all?: boolean;
  readonly broker?: string;
}
