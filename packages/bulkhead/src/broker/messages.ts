import { isInteger, isObject, isText, type JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Facts } from "../host/facts.js";
import { type Evidence, readEvidence } from "./evidence.js";
import { isFacts } from "./facts.js";

/** Resource use that the broker measured from outside; null if this host does not measure it. */
export interface Stats {
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly cpuUs: number | null;
  readonly pids: number | null;
  /** How often the kernel killed a process inside for lack of memory. */
  readonly oomKills: number | null;
  /** How often the kernel refused a process or thread because of the limit. */
  readonly pidsExceeded: number | null;
  /** Whether one of the sandbox's own writable file systems had no free block or inode at a check. */
  readonly diskFull: boolean | null;
}

/** Maxima that the broker's owner set; null: no maximum. The broker refuses a plan above one. */
export interface BrokerLimits {
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly milliCpus: number | null;
  readonly sandboxes: number | null;
}

/** The first message from a broker. */
export interface Hello {
  readonly version: string;
  readonly session: string;
  /** Path in the form that `net.connect` takes; abstract names start with a NUL. */
  readonly socket: string;
  readonly facts: Facts;
  readonly limits: BrokerLimits;
}

/** Init is running. */
export interface Launched {
  /** Process id of init on the host. */
  readonly pid: number;
  readonly evidence: Evidence;
}

/** Init is gone, with everything below it. */
export interface Ended {
  readonly cause: "exited" | "killed" | "failed";
  readonly stats: Stats;
  /** The reason, if the broker itself ended the sandbox. */
  readonly error: unknown;
}

const GENERATION = 1;

/** @throws BulkheadError BROKER_UNAVAILABLE when it is of another generation or not a broker at all. */
export function readHello(message: JsonObject): Hello {
  const { generation, version, session, socket, limits } = message as Fields<"generation" | keyof Hello>;
  if (generation !== GENERATION) {
    throw unexpected("hello.generation");
  }
  if (!isText(version, 64) || !isText(session, 32) || !/^[0-9a-f]{32}$/.test(session) || !isObject(limits)) {
    throw unexpected("hello");
  }
  if (!isText(socket, 108) || !/^[@/]./.test(socket)) {
    throw unexpected("hello.socket");
  }
  const facts = message["facts"];
  if (!isFacts(facts)) {
    throw unexpected("hello.facts");
  }
  return { version, session, socket: socket.replace(/^@/, "\0"), facts, limits: readLimits(limits) };
}

/** @throws BulkheadError BROKER_LOST */
export function readLaunched(message: JsonObject): Launched {
  const pid = message["pid"];
  if (!isInteger(pid, 1)) {
    throw unexpected("launched.pid", "BROKER_LOST");
  }
  return { pid, evidence: readEvidence(message["evidence"]) };
}

/** @throws BulkheadError BROKER_LOST */
export function readEnded(message: JsonObject): Ended {
  const cause = message["cause"];
  if (cause !== "exited" && cause !== "killed" && cause !== "failed") {
    throw unexpected("ended.cause", "BROKER_LOST");
  }
  return { cause, stats: readStats(message["stats"]), error: message["error"] };
}

/** @throws BulkheadError BROKER_LOST */
export function readStats(value: unknown): Stats {
  const stats = isObject(value) ? value : {};
  const diskFull = stats["diskFull"];
  return {
    memoryBytes: count(stats, "memoryBytes"),
    memoryPeakBytes: count(stats, "memoryPeakBytes"),
    cpuUs: count(stats, "cpuUs"),
    pids: count(stats, "pids"),
    oomKills: count(stats, "oomKills"),
    pidsExceeded: count(stats, "pidsExceeded"),
    diskFull: typeof diskFull === "boolean" ? diskFull : null,
  };
}

function readLimits(limits: JsonObject): BrokerLimits {
  return {
    memoryBytes: count(limits, "memoryBytes"),
    pids: count(limits, "pids"),
    milliCpus: count(limits, "milliCpus"),
    sandboxes: count(limits, "sandboxes"),
  };
}

type Fields<Name extends string> = Readonly<Partial<Record<Name, unknown>>>;

function count(object: JsonObject, field: string): number | null {
  const value = object[field];
  if (value === null || isInteger(value, 0)) {
    return value;
  }
  throw unexpected(field, "BROKER_LOST");
}

function unexpected(field: string, code: "BROKER_UNAVAILABLE" | "BROKER_LOST" = "BROKER_UNAVAILABLE"): BulkheadError {
  return new BulkheadError(code, { operation: "decode", detail: field });
}
