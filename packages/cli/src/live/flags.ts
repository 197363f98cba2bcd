export interface LiveFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly follow?: boolean;
  readonly signals?: boolean;
  readonly broker?: string;
}
