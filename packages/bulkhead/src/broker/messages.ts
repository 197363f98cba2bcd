import type { JsonObject } from "../channel/json.js";
import { checked } from "../contract/check.js";
import { CONTROL_GENERATION } from "../contract/generated/control-constants.js";
import {
  type Cause,
  checkMessage,
  checkStats,
  type Maxima,
  type Message,
  type Stats,
} from "../contract/generated/control-messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { BrokerVerdict, Evidence } from "../evidence/observed.js";
import type { Facts } from "../host/facts.js";

/** What the broker measured from outside; null where nothing on this host measures it. */
export type { Stats };

/** The owner's maxima; null: none. A plan above one is refused. */
export type BrokerLimits = Maxima;

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
  /** The verdict of a guest's supervisor about the sandbox inside its machine: a claim. */
  readonly inside?: BrokerVerdict | undefined;
  /** The moments of the launch, in microseconds of CLOCK_MONOTONIC: see docs/control.md. */
  readonly marks: readonly number[];
}

/** Init is gone, with everything below it. */
export interface Ended {
  readonly cause: Cause;
  readonly stats: Stats;
  /** The reason, if the broker itself ended the sandbox. */
  readonly error: unknown;
  /** The moments of the end. */
  readonly marks: readonly number[];
}

/** @throws BulkheadError BROKER_UNAVAILABLE when it is of another generation or not a broker at all. */
export function readHello(message: JsonObject): Hello {
  if (message["generation"] !== CONTROL_GENERATION) {
    throw unexpected("BROKER_UNAVAILABLE", "hello.generation");
  }
  const { version, session, socket, facts, limits } = read("hello", message, "BROKER_UNAVAILABLE");
  return { version, session, socket: socket.replace(/^@/, "\0"), facts, limits };
}

/** @throws BulkheadError BROKER_LOST */
export function readLaunched(message: JsonObject): Launched {
  const { pid, evidence, marks } = read("launched", message, "BROKER_LOST");
  return { pid, evidence, marks };
}

/** @throws BulkheadError BROKER_LOST */
export function readEnded(message: JsonObject): Ended {
  const { cause, stats, error, marks } = read("ended", message, "BROKER_LOST");
  return { cause, stats, error, marks };
}

/** @throws BulkheadError BROKER_LOST */
export function readStats(value: unknown): Stats {
  return checked(checkStats, value, (path) => unexpected("BROKER_LOST", `stats${path}`));
}

function read<Type extends Message["type"]>(
  type: Type,
  message: JsonObject,
  code: "BROKER_UNAVAILABLE" | "BROKER_LOST",
): Extract<Message, { readonly type: Type }> {
  const wrong = (path: string) => unexpected(code, `${type}${path}`);
  const known = checked(checkMessage, message, wrong);
  if (!isOf(known, type)) throw wrong(".type");
  return known;
}

function isOf<Type extends Message["type"]>(
  message: Message,
  type: Type,
): message is Extract<Message, { readonly type: Type }> {
  return message.type === type;
}

function unexpected(code: "BROKER_UNAVAILABLE" | "BROKER_LOST", detail: string): BulkheadError {
  return new BulkheadError(code, { operation: "decode", detail });
}
