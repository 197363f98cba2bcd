/** The destinations that a workload may connect to. */
export type ResolvedNetwork =
  | { readonly kind: "none" }
  | { readonly kind: "full"; readonly deny: readonly NetworkRule[]; readonly limits: NetworkLimits }
  | ({ readonly kind: "rules" } & NetworkRules);

export interface NetworkRules {
  readonly allow: readonly NetworkRule[];
  /** A matching rule here overrides every rule that allows. */
  readonly deny: readonly NetworkRule[];
  readonly limits: NetworkLimits;
}

/** A rule's hosts. */
export type HostPattern =
  | { readonly kind: "any" }
  | { readonly kind: "name"; readonly name: string }
  /** Every name below `name`, at any depth, but not `name` itself. */
  | { readonly kind: "below"; readonly name: string }
  | { readonly kind: "range"; readonly network: string; readonly prefix: number };

/** Includes both ends. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `http` and `https` are checked: Host or SNI must match the name. The gate does not inspect `tcp`. */
export type Protocol = "http" | "https" | "tcp";

export interface NetworkRule {
  /** As written; the log shows it. */
  readonly text: string;
  readonly host: HostPattern;
  readonly ports: readonly PortRange[];
  /** Null: HTTP or TLS, whichever the client speaks. */
  readonly protocol: Protocol | null;
  /** Upper case; null: any. */
  readonly methods: readonly string[] | null;
  /** Prefixes that end at a slash or at the path's end; null: any. */
  readonly paths: readonly string[] | null;
  /** The name may resolve to an address that is not public. */
  readonly private: boolean;
  /** TLS ends at the host, so that the gate can check every request's Host. */
  readonly intercept: boolean;
}

export interface NetworkLimits {
  /** Concurrent connections. */
  readonly connections: number;
  /** All connections together, each way; null: unlimited. */
  readonly bytesPerSecond: number | null;
  /** All connections, both ways, for the life of the sandbox; null: unlimited. */
  readonly bytes: number | null;
  /** A connection without traffic for this long ends. */
  readonly idleMs: number;
}

export interface Secret {
  /** The variable that holds the placeholder inside. */
  readonly name: string;
  readonly source:
    | { readonly kind: "env"; readonly variable: string }
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "value"; readonly value: string };
  readonly hosts: readonly SecretHost[];
  /** Lower case: the only header it may be inserted into; null: any. */
  readonly header: string | null;
}

export interface SecretHost {
  readonly text: string;
  readonly host: HostPattern;
  readonly port: number;
}
