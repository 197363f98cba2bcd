import { createHash } from "node:crypto";
import type { EnforcementTable } from "../enforcement/enforcement.js";
import type { Evidence } from "../evidence/observed.js";
import type { Plan } from "../plan/schema.js";
import type { Level } from "../policy/level.js";
import type { Policy } from "../policy/schema.js";

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const PREDICATE_TYPE = "urn:bulkhead:run:v1";

/** Protections in force during one run, and its outcome. */
export interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  /** `plan`, `policy`, `argv` as this library serialises them to JSON; `image` and `warden` if known. */
  readonly subject: readonly Subject[];
  readonly predicateType: typeof PREDICATE_TYPE;
  readonly predicate: Predicate;
}

export interface Subject {
  readonly name: "plan" | "policy" | "argv" | "image" | "warden";
  readonly digest: { readonly sha256: string };
}

export interface Predicate {
  readonly id: string;
  readonly level: Level;
  readonly host: { readonly kernel: string; readonly architecture: string };
  readonly warden: { readonly version: string };
  /** Origin of the root. */
  readonly root: Plan["root"]["source"];
  /** As confirmed by the broker's evidence. */
  readonly enforcement: EnforcementTable;
  /** The broker's evidence from outside, before anything untrusted ran. */
  readonly evidence: Evidence;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly result: RecordedResult;
}

/** How the run ended, without its output. */
export interface RecordedResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly oomKilled: boolean;
  readonly pidsExceeded: boolean;
  readonly diskFull: boolean;
  readonly outputTruncated: boolean;
  readonly cpuMs: number | null;
  readonly maxRssBytes: number | null;
}

/** Facts known when the run starts. */
export interface Started {
  readonly plan: Plan;
  readonly policy: Policy;
  readonly argv: readonly string[];
  readonly imageDigest: string | null;
  readonly wardenDigest: string | null;
}

/** Facts known when the run has ended. */
export type Stated = Omit<Predicate, "root" | "id">;

export function subjectsOf({ plan, policy, argv, imageDigest, wardenDigest }: Started): readonly Subject[] {
  const known = (name: Subject["name"], sha256: string | null): readonly Subject[] =>
    sha256 === null ? [] : [{ name, digest: { sha256 } }];
  return [
    ...known("plan", digestOf(plan)),
    ...known("policy", digestOf(withoutValues(policy))),
    // Arguments may contain secrets: a digest proves them without revealing them.
    ...known("argv", digestOf(argv)),
    ...known("image", imageDigest?.replace(/^sha256:/, "") ?? null),
    ...known("warden", wardenDigest),
  ];
}

/**
 * A policy without the values of its secrets: a digest covering secrets would let anyone holding the record guess them
 * offline.
 */
function withoutValues(policy: Policy): Policy {
  if (policy.secrets === undefined) return policy;
  const secrets = Object.entries(policy.secrets).map(([name, { value: _value, ...rest }]) => [name, rest] as const);
  return { ...policy, secrets: Object.fromEntries(secrets) };
}

export function statementOf(plan: Plan, subject: readonly Subject[], predicate: Stated): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: PREDICATE_TYPE,
    predicate: { id: plan.id, ...predicate, root: plan.root.source },
  };
}

/** SHA-256 of the JSON of a value, in hexadecimal. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
