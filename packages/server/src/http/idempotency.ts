import { createHash } from "node:crypto";
import { BulkheadError } from "bulkhead";
import { hadBegun } from "../operations/core.js";
import type { Store } from "../store/store.js";
import { problemOf } from "./problems.js";
import type { Answer } from "./route.js";

const KEY = /^[\x21-\x7e]{1,128}$/;
/** A larger answer is not kept: a repeated request learns that the first one was carried out. */
const MAX_BODY = 1024 * 1024;

/** How long an answer is kept. */
export const KEPT_MS = 86_400_000;

interface Keyed {
  readonly store: Store;
  readonly project: string;
  readonly key: string;
  /** Id of the request. */
  readonly instance: string;
  /** What the request asks for: the operation, its parameters and its body. */
  readonly request: unknown;
}

/**
 * Carries a request out once for each key: a repeated one gets the first one's answer, or its failure. A request that
 * fails before anything began is forgotten, so that it can be repeated.
 * @throws BulkheadError API_REQUEST_INVALID, IDEMPOTENCY_CONFLICT, IDEMPOTENCY_UNKNOWN
 */
export async function once(
  { store, project, key, instance, request }: Keyed,
  carryOut: () => Promise<Answer>,
): Promise<Answer> {
  if (!KEY.test(key)) {
    throw new BulkheadError("API_REQUEST_INVALID", { detail: "Idempotency-Key: 1 to 128 visible ASCII characters" });
  }
  const digest = createHash("sha256").update(JSON.stringify(request)).digest("hex");
  const now = Date.now();
  await store.forgetKeysBefore(now - KEPT_MS);
  const earlier = await store.claimKey(project, key, digest, now);
  if (earlier !== undefined) {
    if (earlier.requestDigest !== digest) throw conflict("it was a different request");
    if (earlier.outcome !== null) return { status: earlier.outcome.status, json: JSON.parse(earlier.outcome.body) };
    throw earlier.ours ? conflict("it is still in progress") : new BulkheadError("IDEMPOTENCY_UNKNOWN");
  }
  const answer = await carryOut().catch(async (error: unknown) => {
    // Only a refusal is sure to have done nothing, and may be repeated with the same key.
    if (hadBegun(error)) await keep(problemAnswer(error, instance));
    else await store.releaseKey(project, key);
    throw error;
  });
  // If this fails, the key stays claimed: what was carried out must not begin again.
  await keep(answer);
  return answer;

  async function keep(outcome: Answer): Promise<void> {
    const body = "json" in outcome ? JSON.stringify(outcome.json) : undefined;
    if (body !== undefined && body.length <= MAX_BODY) await store.completeKey(project, key, outcome.status, body);
    else await keep(problemAnswer(conflict("it was carried out, and its answer is not kept"), instance));
  }
}

function problemAnswer(error: unknown, instance: string): Answer {
  const problem = problemOf(error, instance);
  return { status: problem.status, json: problem };
}

function conflict(detail: string): BulkheadError {
  return new BulkheadError("IDEMPOTENCY_CONFLICT", { detail });
}
