/** Which broker creates sandboxes. */
export interface BrokerOptions {
  /** Path of a system broker's socket. Default: BULKHEAD_BROKER, or a private broker of this process. */
  readonly broker?: string;
}
