import { sign, verify } from "node:crypto";
import { check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { isRecord } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { defined } from "../values/defined.js";
import type { openPublicKey, RecordKey } from "./key.js";
import type { ReleaseStatement } from "./release.js";
import { PREDICATE_TYPE, STATEMENT_TYPE, type Statement } from "./statement.js";

/** A signed statement: DSSE, https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. */
export interface Envelope {
  readonly payloadType: typeof PAYLOAD_TYPE;
  /** The statement's JSON in base64. */
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** Records contain a plan's table and evidence; ours are a few KiB. */
export const LARGEST_RECORD = 1024 * 1024;

export function signStatement(statement: Statement | ReleaseStatement, { privateKey, id }: RecordKey): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign(null, encodingOf(payload), privateKey).toString("base64");
  return { payloadType: PAYLOAD_TYPE, payload: payload.toString("base64"), signatures: [{ keyid: id, sig }] };
}

/** Serialises it in one canonical form, so that a change of any byte shows. */
export function formatEnvelope({ payloadType, payload, signatures: [{ keyid, sig }] }: Envelope): string {
  return `${JSON.stringify({ payloadType, payload, signatures: [{ keyid, sig }] })}\n`;
}

const recordText = check<string>((value) => typeof value === "string", "the text of a record");
const publicKey = check<object>(
  (value) => isRecord(value) && isRecord(value["publicKey"]) && typeof value["id"] === "string",
  "what `openPublicKey` returned",
);

/**
 * Verifies a record and returns its statement. Nothing in it is trusted before its signature is. Throws RECORD_INVALID,
 * whose `detail` names the problem: `form`, `key`, `signature` or `statement`.
 */
export function verifyRecord(text: string, key: ReturnType<typeof openPublicKey>, path?: string): Statement {
  requireArguments("verifyRecord", ["text", recordText, text], ["key", publicKey, key]);
  const refuse = (detail: string) =>
    new BulkheadError("RECORD_INVALID", { operation: "verify", detail, ...defined({ path }) });
  const statement = text.length > LARGEST_RECORD ? undefined : openEnvelope(text, key, refuse);
  if (statement === undefined) throw refuse("form");
  if (statement["_type"] !== STATEMENT_TYPE || statement["predicateType"] !== PREDICATE_TYPE) throw refuse("statement");
  // Only the key's holder can have signed it, and that is this library.
  return statement as unknown as Statement;
}

/**
 * The payload of an envelope that `key` signed; undefined if it is no object. Throws what `refuse` makes of `form`,
 * `key` or `signature`.
 */
export function openEnvelope(
  text: string,
  key: ReturnType<typeof openPublicKey>,
  refuse: (detail: string) => BulkheadError,
): Readonly<Record<string, unknown>> | undefined {
  const envelope = parseEnvelope(text);
  // Signatures do not cover white space, field order or padding bits; requiring the canonical form does.
  if (envelope === undefined || formatEnvelope(envelope) !== text) throw refuse("form");
  const [{ keyid, sig }] = envelope.signatures;
  if (keyid !== key.id) throw refuse(`key: signed by ${keyid}, not by ${key.id}`);
  const payload = Buffer.from(envelope.payload, "base64");
  const signature = Buffer.from(sig, "base64");
  if (payload.toString("base64") !== envelope.payload || signature.toString("base64") !== sig) throw refuse("form");
  if (!verify(null, encodingOf(payload), key.publicKey, signature)) throw refuse("signature");
  return parseObject(payload.toString());
}

/** The signed bytes: DSSE's pre-authentication encoding. */
function encodingOf(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
}

export function parseEnvelope(text: string): Envelope | undefined {
  const { payloadType, payload, signatures } = parseObject(text) ?? {};
  const [first, ...more] = Array.isArray(signatures) ? (signatures as unknown[]) : [];
  if (payloadType !== PAYLOAD_TYPE || typeof payload !== "string" || more.length > 0) return undefined;
  if (typeof first !== "object" || first === null || !("keyid" in first) || !("sig" in first)) return undefined;
  const { keyid, sig } = first;
  return typeof keyid === "string" && typeof sig === "string"
    ? { payloadType, payload, signatures: [{ keyid, sig }] }
    : undefined;
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
