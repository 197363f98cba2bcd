import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { timerMs } from "../../arguments/durations.js";
import { type ProxySettings, proxyFromEnvironment } from "./proxy/choose.js";

/** How a registry may be talked to. Everything has a safe default. */
export interface RegistryOptions {
  /** Registries (`HOST[:PORT]`) that may be talked to without TLS, where they do not speak it. One on loopback always may. Default: BULKHEAD_INSECURE_REGISTRIES, separated by commas. */
  readonly insecure?: readonly string[];
  /** Token servers that may have a registry's credentials though they are elsewhere: `REGISTRY=ORIGIN`. Default: BULKHEAD_TOKEN_SERVERS, separated by commas. */
  readonly tokenServers?: readonly string[];
  /** The directory of Docker's `config.json`. Default: DOCKER_CONFIG, or `~/.docker`. */
  readonly dockerConfig?: string;
  /**
   * Directories that hold, in `HOST[:PORT]/`, authorities (`*.crt`) and client certificates (`*.cert`, `*.key`) of single registries. Default:
   * BULKHEAD_CERTS_D, separated by colons, or Docker's and podman's own.
   */
  readonly certificates?: readonly string[];
  /** Default: the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY. `{}`: no proxy. */
  readonly proxy?: ProxySettings;
  readonly timing?: Partial<Timing>;
}

/** How long a registry may take, and how often it may fail. */
export interface Timing {
  /** To the head of an answer, from name resolution on. */
  readonly headMs: number;
  /** While a body comes, `paceBytes` must come within each of these spans. */
  readonly paceMs: number;
  readonly paceBytes: number;
  /** Tries of one request in a row that bring nothing. */
  readonly tries: number;
  /** The wait before the second try; it doubles, up to `longestWaitMs`. */
  readonly waitMs: number;
  /** The longest that is waited between two tries, twice as long in all: what asks for more with `Retry-After` is not asked again. */
  readonly longestWaitMs: number;
  /** Layers that are downloaded at the same time. */
  readonly parallel: number;
}

export const DEFAULT_TIMING: Timing = {
  headMs: 20_000,
  paceMs: 20_000,
  // 1 KiB/s: whoever is slower does not deliver but hold on to us.
  paceBytes: 20 * 1024,
  tries: 5,
  waitMs: 500,
  longestWaitMs: 30_000,
  parallel: 4,
};

/** Options with every default filled in. */
export interface RegistrySettings {
  readonly insecure: ReadonlySet<string>;
  readonly tokenServers: ReadonlySet<string>;
  readonly dockerConfig: string | undefined;
  readonly certificates: readonly string[];
  readonly proxy: ProxySettings;
  readonly timing: Timing;
}

/** What of it the client of a registry has to know: the rest stays where the files are. */
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

/** What no timer can count is as good as without an end. */
function timingOf({ headMs, paceMs, waitMs, longestWaitMs, ...timing }: Timing): Timing {
  return {
    ...timing,
    headMs: timerMs(headMs),
    paceMs: timerMs(paceMs),
    waitMs: timerMs(waitMs),
    longestWaitMs: timerMs(longestWaitMs),
  };
}

/** Where Docker and podman look, for the machine and for this user. */
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
