/** What a workload may connect to. */
export type ResolvedNetwork =
  | { readonly kind: "none" }
  | { readonly kind: "full"; readonly deny: readonly NetworkRule[]; readonly limits: NetworkLimits }
  | ({ readonly kind: "rules" } & NetworkRules);

export interface NetworkRules {
  readonly allow: readonly NetworkRule[];
  /** One of these wins over every rule that allows. */
  readonly deny: readonly NetworkRule[];
  readonly limits: NetworkLimits;
}

/** What a rule says of the host. */
export type HostPattern =
  | { readonly kind: "any" }
  | { readonly kind: "name"; readonly name: string }
  /** Every name below `name`, at any depth, and not `name` itself. */
  | { readonly kind: "below"; readonly name: string }
  | { readonly kind: "range"; readonly network: string; readonly prefix: number };

/** Both ends are in it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `http` and `https` are checked: Host or SNI must be the name. `tcp` is not looked into. */
export type Protocol = "http" | "https" | "tcp";

export interface NetworkRule {
  /** As it was written: what the log says. */
  readonly text: string;
  readonly host: HostPattern;
  readonly ports: readonly PortRange[];
  /** Null: HTTP or TLS, whichever the client speaks. */
  readonly protocol: Protocol | null;
  /** Upper case; null: any. */
  readonly methods: readonly string[] | null;
  /** Prefixes that end at a slash or at the path's end; null: any. */
  readonly paths: readonly string[] | null;
  /** The name may lead to an address that is not public. */
  readonly private: boolean;
  /** TLS ends at the host, so that every request's Host is checked. */
  readonly intercept: boolean;
}

export interface NetworkLimits {
  /** At once. */
  readonly connections: number;
  /** Of all connections together, each way; null: unlimited. */
  readonly bytesPerSecond: number | null;
  /** Of all connections, both ways, for the life of the sandbox; null: unlimited. */
  readonly bytes: number | null;
  /** A connection on which nothing moves for this long is ended. */
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
  /** Lower case: the only header it is put into; null: any. */
  readonly header: string | null;
}

export interface SecretHost {
  readonly text: string;
  readonly host: HostPattern;
  readonly port: number;
}
