import { hasOnly, isInteger, isObject, isText } from "../../channel/json.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { EgressAsk } from "../hook.js";
import type { EgressEvent } from "../log/event.js";
import type { ChannelEnded } from "../process/start.js";

/** Limits on a gate's messages: a compromised gate may say anything. */
const TEXT_BYTES = 65_536;
const MOST_SECRETS = 256;
/** Events in one call, as in `process/reports.ts`. */
const MOST_EVENTS = 64;
const VIAS: ReadonlySet<unknown> = new Set(["http", "https", "connect", "socks", "transparent"]);

/** @throws BulkheadError HELPER_FAILED */
export function readEvents(value: unknown): readonly EgressEvent[] {
  if (!Array.isArray(value) || value.length > MOST_EVENTS) throw wrong("events");
  return value.map(readEvent);
}

/** @throws BulkheadError HELPER_FAILED */
export function readEvent(value: unknown): EgressEvent {
  if (!isObject(value) || !hasOnly(value, FIELDS)) throw wrong("event");
  const { verdict, time, id, name, port, via, secrets, bytesIn, bytesOut, ms } = value;
  const fits =
    isText(time, 64) &&
    isInteger(id, 1) &&
    (verdict === "allow" || verdict === "deny") &&
    isText(name, TEXT_BYTES) &&
    isInteger(port, 0) &&
    VIAS.has(via) &&
    [value["rule"], value["reason"], value["address"], value["method"]].every((text) => isNullOr(text, TEXT_BYTES)) &&
    isNullOr(value["path"], TEXT_BYTES) &&
    Array.isArray(secrets) &&
    secrets.length <= MOST_SECRETS &&
    secrets.every((secret) => isText(secret, TEXT_BYTES)) &&
    [bytesIn, bytesOut, ms].every((count) => isInteger(count, 0));
  if (!fits) throw wrong("event");
  return value as unknown as EgressEvent;
}

const FIELDS = [
  ...["time", "id", "verdict", "rule", "reason", "name", "address", "port", "via", "method", "path"],
  ...["secrets", "bytesIn", "bytesOut", "ms"],
];

/** @throws BulkheadError HELPER_FAILED */
export function readAsk(value: unknown): EgressAsk {
  const fits =
    isObject(value) &&
    hasOnly(value, ["via", "name", "port", "method", "path", "rule"]) &&
    VIAS.has(value["via"]) &&
    isText(value["name"], TEXT_BYTES) &&
    isInteger(value["port"], 0, 65_535) &&
    isNullOr(value["method"], TEXT_BYTES) &&
    isNullOr(value["path"], TEXT_BYTES) &&
    isNullOr(value["rule"], TEXT_BYTES);
  if (!fits) throw wrong("ask");
  return value as unknown as EgressAsk;
}

/** @throws BulkheadError HELPER_FAILED */
export function readName(value: unknown): string {
  if (!isText(value, TEXT_BYTES)) throw wrong("resolve");
  return value;
}

/** @throws BulkheadError HELPER_FAILED */
export function readEnded(value: unknown): ChannelEnded {
  if (!isObject(value) || !hasOnly(value, ["violation"]) || !isNullOr(value["violation"], TEXT_BYTES))
    throw wrong("ended");
  return value as unknown as ChannelEnded;
}

/** Reads the CA bundle for the workload. @throws BulkheadError HELPER_FAILED */
export function readBundle(value: unknown, mostBytes: number): string | null {
  if (!isObject(value) || !hasOnly(value, ["bundle"]) || !isNullOr(value["bundle"], mostBytes)) throw wrong("start");
  return value["bundle"];
}

function isNullOr(value: unknown, most: number): value is string | null {
  return value === null || isText(value, most);
}

function wrong(what: string): BulkheadError {
  return new BulkheadError("HELPER_FAILED", { operation: "talk to gate", detail: `protocol: ${what}` });
}
