export interface BrokerFlags {
  readonly socket?: string;
  readonly allowUid?: readonly number[];
  readonly allowGid?: readonly number[];
  readonly maxMemory?: string;
  readonly maxPids?: number;
  readonly maxCpus?: number;
  readonly maxSandboxes?: number;
}
