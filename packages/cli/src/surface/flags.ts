export interface SurfaceFlags {
  readonly level: string;
  readonly compare?: boolean;
  readonly json?: boolean;
  readonly svg?: string;
  readonly policy?: string;
  readonly broker?: string;
}
