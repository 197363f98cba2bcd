export interface RecordFlags {
  readonly key?: string;
  readonly json?: boolean;
}
