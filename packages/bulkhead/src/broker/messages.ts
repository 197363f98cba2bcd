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
import { printableLine } from "../errors/describe.js";
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

/** @throws BulkheadError BROKER_INCOMPATIBLE when its generation or the form of its hello is not this library's. */
export function readHello(message: JsonObject): Hello {
  if (message["generation"] !== CONTROL_GENERATION) throw incompatible(message, "hello.generation");
  const wrong = (path: string) => incompatible(message, `hello${path}`);
  const { version, session, socket, facts, limits } = read("hello", message, wrong);
  return { version, session, socket: socket.replace(/^@/, "\0"), facts, limits };
}

/** @throws BulkheadError BROKER_LOST */
export function readLaunched(message: JsonObject): Launched {
  const { pid, evidence, marks } = read("launched", message, lost("launched"));
  return { pid, evidence, marks };
}

/** @throws BulkheadError BROKER_LOST */
export function readEnded(message: JsonObject): Ended {
  const { cause, stats, error, marks } = read("ended", message, lost("ended"));
  return { cause, stats, error, marks };
}

/** @throws BulkheadError BROKER_LOST */
export function readStats(value: unknown): Stats {
  return checked(checkStats, value, lost("stats"));
}

function read<Type extends Message["type"]>(
  type: Type,
  message: JsonObject,
  wrong: (path: string) => BulkheadError,
): Extract<Message, { readonly type: Type }> {
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

/** A broker that has said a valid hello speaks the same protocol, so anything else from it means that it is broken. */
function lost(what: string): (path: string) => BulkheadError {
  return (path) => new BulkheadError("BROKER_LOST", { operation: "decode", detail: `${what}${path}` });
}

function incompatible({ version }: JsonObject, field: string): BulkheadError {
  const named = typeof version === "string" ? `, from broker ${printableLine(version.slice(0, 64))}` : "";
  return new BulkheadError("BROKER_INCOMPATIBLE", { operation: "decode", detail: `${field}${named}` });
}
