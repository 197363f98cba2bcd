import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { BulkheadError } from "bulkhead";
import type { Project, Store, TokenRow } from "../store/store.js";
import type { Scope } from "./scopes.js";

/** Secret scanners find a leaked token by this form: a fixed word, a public id, 256 random bits. */
const TOKEN = /^bulkhead_([0-9a-f]{16})_[0-9a-f]{64}$/;

/** Who sends a request. */
export interface Caller {
  readonly token: string;
  /** When the token expires; null: never. */
  readonly expiresAt: number | null;
  readonly address: string;
  readonly project: Project;
  readonly scopes: readonly Scope[];
}

export interface NewToken {
  readonly project: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
}

/** A new token: its text, which only this answer ever holds, and the row to keep. */
export function makeToken(token: NewToken, now: number): { readonly text: string; readonly row: TokenRow } {
  const id = randomBytes(8).toString("hex");
  const text = `bulkhead_${id}_${randomBytes(32).toString("hex")}`;
  return { text, row: { ...token, id, hash: hashOf(text), createdAt: now, revokedAt: null } };
}

/**
 * The caller whose token the header holds. The token has 256 random bits, so one SHA-256 is enough: no one can try
 * guesses against a stolen hash. Unknown, wrong, revoked and expired tokens get the same answer.
 * @throws BulkheadError TOKEN_REFUSED
 */
export async function authenticate(
  store: Store,
  header: string | undefined,
  address: string,
  now: number,
): Promise<Caller> {
  const text = /^Bearer (\S+)$/i.exec(header ?? "")?.[1] ?? "";
  const id = TOKEN.exec(text)?.[1];
  const row = id === undefined ? undefined : await store.tokenById(id);
  const given = hashOf(text);
  // The comparison takes place for an unknown id too, so that the time does not tell ids apart.
  const isSame = timingSafeEqual(given, row?.hash ?? Buffer.alloc(given.length));
  if (row === undefined || !isSame || !isValid(row, now)) throw refused(row);
  const project = await store.project(row.project);
  if (project === undefined) throw new BulkheadError("TOKEN_REFUSED");
  return { token: row.id, expiresAt: row.expiresAt, address, project, scopes: row.scopes };
}

const named = new WeakMap<Error, TokenRow>();

/** The token whose id the refused request had, with a wrong secret, or after its end. */
export function tokenNamedBy(error: unknown): TokenRow | undefined {
  return error instanceof Error ? named.get(error) : undefined;
}

function refused(row: TokenRow | undefined): BulkheadError {
  const error = new BulkheadError("TOKEN_REFUSED");
  if (row !== undefined) named.set(error, row);
  return error;
}

function isValid({ revokedAt, expiresAt }: TokenRow, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
