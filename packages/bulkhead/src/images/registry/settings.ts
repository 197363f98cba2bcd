import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { timerMs } from "../../arguments/durations.js";
import { type ProxySettings, proxyFromEnvironment } from "./proxy/choose.js";

/** Options for connections to a registry. Every one has a safe default. */
export interface RegistryOptions {
  /**
   * Registries (`HOST[:PORT]`) that may be used without TLS if they do not speak it. One on loopback always may.
   * Default: BULKHEAD_INSECURE_REGISTRIES, separated by commas.
   */
  readonly insecure?: readonly string[];
  /**
   * Token servers on another host that may receive a registry's credentials: `REGISTRY=ORIGIN`. Default:
   * BULKHEAD_TOKEN_SERVERS, separated by commas.
   */
  readonly tokenServers?: readonly string[];
  /** The directory of Docker's `config.json`. Default: DOCKER_CONFIG, or `~/.docker`. */
  readonly dockerConfig?: string;
  /**
   * Directories with a subdirectory `HOST[:PORT]/` for each registry that has its own CA certificates (`*.crt`) and
   * client certificates (`*.cert`, `*.key`). Default: BULKHEAD_CERTS_D, separated by colons, or Docker's and podman's
   * own.
   */
  readonly certificates?: readonly string[];
  /** Default: the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY. `{}`: no proxy. */
  readonly proxy?: ProxySettings;
  readonly timing?: Partial<RegistryTiming>;
}

/** Time limits for a registry, and how often it may fail. */
export interface RegistryTiming {
  /** Until the head of an answer, starting with name resolution. */
  readonly headMs: number;
  /** While a body arrives, each of these spans must bring `paceBytes`. */
  readonly paceMs: number;
  readonly paceBytes: number;
  /** Consecutive tries of one request without progress. */
  readonly tries: number;
  /** The wait before the second try; it doubles, up to `longestWaitMs`. */
  readonly waitMs: number;
  /**
   * The longest wait between two tries, and half of the longest total: a registry that asks for more with `Retry-After`
   * is not asked again.
   */
  readonly longestWaitMs: number;
  /** Layers downloaded at once. */
  readonly parallel: number;
}

export const DEFAULT_TIMING: RegistryTiming = {
  headMs: 20_000,
  paceMs: 20_000,
  // 1 KiB/s: a slower server does not deliver but only holds the connection.
  paceBytes: 20 * 1024,
  tries: 5,
  waitMs: 500,
  longestWaitMs: 30_000,
  parallel: 4,
};

/** Options with defaults applied. */
export interface RegistrySettings {
  readonly insecure: ReadonlySet<string>;
  readonly tokenServers: ReadonlySet<string>;
  readonly dockerConfig: string | undefined;
  readonly certificates: readonly string[];
  readonly proxy: ProxySettings;
  readonly timing: RegistryTiming;
}

/** The part that a registry's client needs to know; the rest stays where the files are. */
export type ClientSettings = Pick<RegistrySettings, "insecure" | "tokenServers" | "proxy" | "timing">;

export function registrySettings(options: RegistryOptions = {}): RegistrySettings {
  return {
    insecure: new Set(options.insecure ?? listed("BULKHEAD_INSECURE_REGISTRIES")),
    tokenServers: new Set(options.tokenServers ?? listed("BULKHEAD_TOKEN_SERVERS")),
    dockerConfig: options.dockerConfig,
    certificates: options.certificates ?? certificateDirectories(),
    proxy: options.proxy ?? proxyFromEnvironment(),
    timing: timingOf({ ...DEFAULT_TIMING, ...options.timing }),
  };
}

/** A time that no timer can count is practically unlimited. */
function timingOf({ headMs, paceMs, waitMs, longestWaitMs, ...timing }: RegistryTiming): RegistryTiming {
  return {
    ...timing,
    headMs: timerMs(headMs),
    paceMs: timerMs(paceMs),
    waitMs: timerMs(waitMs),
    longestWaitMs: timerMs(longestWaitMs),
  };
}

/** The directories that Docker and podman use, for the machine and for this user. */
function certificateDirectories(): readonly string[] {
  const named = (process.env["BULKHEAD_CERTS_D"] ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length > 0) return named;
  const own = join(homedir(), ".config");
  return [
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
    join(own, "containers", "certs.d"),
    join(own, "docker", "certs.d"),
  ];
}

function listed(variable: string): readonly string[] {
  return (process.env[variable] ?? "").split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
}
