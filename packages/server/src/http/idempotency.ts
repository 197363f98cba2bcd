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
  const earlier = await store.claimKey(project, key, digest, Date.now());
  if (earlier !== undefined) {
    if (earlier.requestDigest !== digest) throw conflict("it was a different request");
    if (earlier.outcome !== null) return { status: earlier.outcome.status, json: JSON.parse(earlier.outcome.body) };
    throw earlier.ours ? conflict("it is still in progress") : new BulkheadError("IDEMPOTENCY_UNKNOWN");
  }
  try {
    const answer = await carryOut();
    const body = "json" in answer ? JSON.stringify(answer.json) : "";
    if (body.length <= MAX_BODY && "json" in answer) await store.completeKey(project, key, answer.status, body);
    return answer;
  } catch (error) {
    // Only a refusal is sure to have done nothing, and may be repeated with the same key.
    if (hadBegun(error)) {
      const problem = problemOf(error, instance);
      await store.completeKey(project, key, problem.status, JSON.stringify(problem));
    } else {
      await store.releaseKey(project, key);
    }
    throw error;
  }
}

function conflict(detail: string): BulkheadError {
  return new BulkheadError("IDEMPOTENCY_CONFLICT", { detail });
}
