import { LEVELS, type Policy } from "bulkhead";
import * as z from "zod";
import { idPattern } from "../operations/ids.js";
import { DEFAULT_TTL_MS, MAX_TTL_MS } from "../operations/sandboxes.js";
import { SANDBOX_STATES } from "../store/store.js";
import { floorSchema } from "../tenants/floor.js";
import { quotaSchema } from "../tenants/quotas.js";
import { scopesSchema } from "../tenants/scopes.js";

const MAX_ARGUMENTS = 4096;
const MAX_TOKEN_MS = 10 * 366 * 86_400_000;
const MAX_TEXT = 128 * 1024;

/** A string that a program or a path may hold: no NUL, which would end it. */
const text = (most = MAX_TEXT) =>
  z
    .string()
    .max(most)
    .regex(/^[^\0]*$/, "no NUL");

export const sandboxId = z.string().regex(idPattern("sbx"), "an id such as sbx_…");
export const executionId = z.string().regex(idPattern("exe"), "an id such as exe_…");
export const projectId = z.string().regex(idPattern("prj"), "an id such as prj_…");
export const tokenId = z.string().regex(/^[0-9a-f]{16}$/, "the 16 digits after `bulkhead_`");
/** Bytes of output, as a query has them. */
export const offset = z.coerce.number<string>().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const insidePath = text(4096).regex(/^\//, "an absolute path inside the sandbox");

/** A policy; the library itself checks it, and the document of the API refers to its JSON Schema. */
export const policy = z.custom<Policy>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  {
    error: "an object: a policy",
  },
);

export const templateName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "the name of a template");

const choice = { policy: policy.optional(), template: templateName.optional() };

type Choice = { readonly policy?: unknown; readonly template?: unknown };
const onlyOne = ({ policy: own, template }: Choice) => own === undefined || template === undefined;
const ONLY_ONE = { error: "`policy` and `template` exclude each other" };

const ttlMs = z.int().min(1000).max(MAX_TTL_MS).describe(`Time to live. Default: ${DEFAULT_TTL_MS}`);

export const createSandbox = z.strictObject({ ...choice, ttlMs: ttlMs.optional() }).refine(onlyOne, ONLY_ONE);
export const extendSandbox = z.strictObject({ ttlMs });
export const explainPolicy = z.strictObject(choice).refine(onlyOne, ONLY_ONE);

export const putTemplate = z.strictObject({
  policy,
  pool: z.int().min(0).max(64).default(0).describe("Sandboxes that stand ready for `run`"),
});

export const template = z.object({ name: templateName, policy, pool: z.int(), createdAt: z.iso.datetime() });
export const templates = z.object({ templates: z.array(template.omit({ policy: true })) });

const program = {
  argv: z.array(text()).max(MAX_ARGUMENTS),
  env: z.record(z.string().regex(/^[^=\0]{1,256}$/, "without = and NUL"), text()).optional(),
  cwd: insidePath.optional(),
  user: z.union([z.int().min(0).max(65_534), text(64)]).optional(),
  input: text(1024 * 1024)
    .optional()
    .describe("The whole stdin, as text"),
  inputBase64: z
    .base64()
    .max(1024 * 1024)
    .optional()
    .describe("The whole stdin, as bytes"),
};

type Input = { readonly input?: unknown; readonly inputBase64?: unknown };
const oneInput = ({ input, inputBase64 }: Input) => input === undefined || inputBase64 === undefined;
const ONE_INPUT = { error: "`input` and `inputBase64` exclude each other" };

export const runProgram = z
  .strictObject({ ...choice, ...program })
  .refine(onlyOne, ONLY_ONE)
  .refine(oneInput, ONE_INPUT);

export const execProgram = z
  .strictObject({
    ...program,
    timeoutMs: z.int().min(1).max(MAX_TTL_MS).optional(),
    stdin: z.enum(["null", "open"]).default("null").describe("`open`: later requests write to it"),
    detach: z.boolean().default(false).describe("Answer at once; the server keeps the result"),
  })
  .refine(oneInput, ONE_INPUT)
  .refine(({ stdin, input, inputBase64 }) => stdin === "null" || (input ?? inputBase64) === undefined, {
    error: "`stdin: open` excludes `input` and `inputBase64`",
  });

export const signal = z.strictObject({ signal: z.string().regex(/^SIG[A-Z0-9]{1,12}$/, "such as SIGTERM") });

export const page = z.strictObject({
  limit: z.coerce.number<string>().int().min(1).max(100).default(50),
  after: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, "`next` of the page before")
    .optional(),
  state: z.enum(SANDBOX_STATES).optional(),
});

export const sandbox = z.object({
  id: sandboxId,
  state: z.enum(SANDBOX_STATES),
  level: z.enum(LEVELS),
  template: z.string().nullable(),
  policyDigest: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  reason: z.string().nullable().describe("Why it ended: an error code, or the cause that the broker reports"),
});

export const sandboxPage = z.object({ sandboxes: z.array(sandbox), next: z.string().nullable() });

const ending = {
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  timedOut: z.boolean(),
  outputTruncated: z.boolean(),
  notFound: z.boolean(),
  notExecutable: z.boolean(),
  durationMs: z.number(),
};

export const execution = z.object({
  id: executionId,
  sandbox: sandboxId,
  state: z.enum(["running", "ended", "lost"]),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  result: z.object(ending).nullable(),
});

const enforcement = z.unknown().describe("Per protection: `enforced` by a mechanism, `weaker` or `cannot`, and why");

export const runResult = z.object({
  ...ending,
  oomKilled: z.boolean(),
  pidsExceeded: z.boolean(),
  diskFull: z.boolean(),
  cpuMs: z.number().nullable(),
  maxRssBytes: z.number().nullable(),
  level: z.enum(LEVELS),
  enforcement,
  notes: z.array(z.string()),
  lowered: z.array(z.string()),
});

export const explanation = z.object({
  level: z.enum(LEVELS),
  enforcement,
  unmet: z.array(z.unknown()),
  notes: z.array(z.string()),
  lowered: z.array(z.string()),
});

export const entries = z.object({ entries: z.array(z.unknown()) });

const name = text(128).regex(/^\S(.*\S)?$/, "1 to 128 characters, without spaces around them");

export const createToken = z.strictObject({
  name,
  scopes: scopesSchema,
  expiresInMs: z.int().min(1000).max(MAX_TOKEN_MS).optional(),
  project: projectId.optional().describe("Another project than the token's own: for the operator"),
});

export const token = z.object({
  id: tokenId,
  project: projectId,
  name: z.string(),
  scopes: scopesSchema,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});

export const issuedToken = token.extend({ token: z.string().describe("Shown once: the server keeps only its hash") });
export const tokens = z.object({ tokens: z.array(token) });

export const createProject = z.strictObject({
  organisation: name,
  name,
  floor: floorSchema.optional(),
  quotas: quotaSchema.optional(),
});

export const project = z.object({
  id: projectId,
  organisation: z.string(),
  name: z.string(),
  floor: floorSchema,
  quotas: quotaSchema,
  createdAt: z.iso.datetime(),
});

export const projects = z.object({ projects: z.array(project) });
export const me = z.object({ token: tokenId, scopes: scopesSchema, project, templates: z.array(z.string()) });

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe("Stable: programs compare it"),
  detail: z.string(),
  remedy: z.string(),
  instance: z.string(),
});
