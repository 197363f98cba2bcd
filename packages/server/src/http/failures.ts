import { BulkheadError } from "bulkhead";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isDenial } from "../audit/refusals.js";
import { type Core, hadBegun } from "../operations/core.js";
import { refusedOf } from "./admit.js";
import { STALL_MS } from "./bytes.js";
import { type Problem, problemOf } from "./problems.js";

export const PROBLEM_TYPE = "application/problem+json";

/** Answers to requests that failed. */
export class Failures {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  send(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = this.told(error, request);
    endStalled(reply);
    if (problem.status === 401) reply.header("www-authenticate", "Bearer");
    if (problem.status === 429 || problem.status === 503) reply.header("retry-after", "1");
    return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
  }

  /** What the client reads about an error; the log has the rest. */
  told(error: unknown, request: FastifyRequest): Problem {
    const problem = problemOf(asOurs(error), request.id);
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code });
    // A step that had begun has lines of its own in the audit log.
    if (isDenial(problem.code) && !hadBegun(error)) {
      const refused = refusedOf(error, request);
      this.#core.refusals.count(refused, problem.code);
      this.#core.metrics.refused(refused.project, problem.code);
    }
    return problem;
  }
}

/** A client that reads nothing would hold the answer, or the file, for ever. */
export function endStalled({ raw }: FastifyReply): void {
  raw.setTimeout(STALL_MS, () => raw.destroy());
}

/** Fastify's own refusals (a body too large, no JSON) are the client's to fix. */
function asOurs(error: unknown): unknown {
  if (error instanceof BulkheadError || !(error instanceof Error) || !("statusCode" in error)) return error;
  const status = Number(error.statusCode);
  if (!(status >= 400 && status < 500)) return error;
  return new BulkheadError("API_REQUEST_INVALID", { detail: `body: ${error.message}` });
}
