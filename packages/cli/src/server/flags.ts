export interface ServeFlags {
  readonly listen: string;
  readonly state?: string;
  readonly templates?: string;
  readonly host?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: boolean;
  readonly newToken?: boolean;
  readonly tokenFile?: string;
  readonly keep: string;
  readonly drain: string;
  readonly json?: boolean;
}

export interface AuditFlags {
  readonly state?: string;
  readonly json?: boolean;
}
