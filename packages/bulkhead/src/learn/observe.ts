import type { EgressEvent } from "../egress/log/event.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { observerPath } from "../host/locate.js";
import type { Policy } from "../policy/schema.js";
import { Sandbox, type SandboxOptions } from "../sandbox/sandbox.js";
import type { ProcessResult } from "../session/process-result.js";
import type { EgressLearned } from "./learned.js";
import { LARGEST_REPORT, type Observation, parseObservation } from "./observation.js";

/** Paths inside: the observer, and its report. */
const OBSERVER = "/.bulkhead-observe";
const MOST_EGRESS = 10_000;
const REPORTS = "/.bulkhead-report";

/** Result of an observed run. */
export interface Observed {
  readonly result: ProcessResult;
  readonly observation: Observation;
  /** Connections that the policy's network allowed. */
  readonly egress: readonly Omit<EgressLearned, "runs">[];
}

/**
 * Runs `argv` once under `policy`, except for its `syscalls` and `access`, which are to be learned, and reports the
 * kernel requests. The observer is an ordinary program of the sandbox: the requests it observes have already been
 * allowed.
 * @throws BulkheadError LEARN_FAILED, and as creating a sandbox does
 */
export async function observe(
  argv: readonly string[],
  policy: Policy,
  options: SandboxOptions = {},
): Promise<Observed> {
  const { syscalls: _, access: __, ...rest } = policy;
  const egress: Omit<EgressLearned, "runs">[] = [];
  const onEgressEvent = (event: EgressEvent) => {
    if (event.verdict === "allow" && event.reason === null && egress.length < MOST_EGRESS) {
      egress.push({ host: event.name, port: event.port, rule: event.rule });
    }
    options.egress?.onEgressEvent?.(event);
  };
  await using sandbox = await Sandbox.create(
    {
      ...rest,
      files: [
        ...(policy.files ?? []),
        { host: observerPath(), at: OBSERVER },
        { tmpfs: REPORTS, size: LARGEST_REPORT + 4096, exec: false },
      ],
    },
    { ...options, egress: { ...options.egress, onEgressEvent } },
  );
  const report = `${REPORTS}/report.json`;
  const result = await sandbox.run([OBSERVER, "--report", report, "--", ...argv]);
  const info = await sandbox.files.stat(report).catch((cause: unknown) => {
    const said = result.stderr.slice(-500);
    throw new BulkheadError("LEARN_FAILED", { operation: "observe", detail: said, cause });
  });
  if (info.size > LARGEST_REPORT) throw new BulkheadError("LEARN_FAILED", { operation: "read report", detail: "size" });
  const observation = parseObservation(await sandbox.files.read(report));
  return { result, observation: withoutOwn(observation), egress };
}

/** A name that a person who reads the policy, or a profile parser, could misread. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * The observer itself is not part of the program's needs. Leaves out misleading names; the policy may then be too
 * narrow.
 */
export function withoutOwn(observation: Observation): Observation {
  const own = ({ path }: { readonly path: string }) => path.startsWith(OBSERVER) || path.startsWith(REPORTS);
  const files = observation.files.filter((file) => !own(file));
  const clear = files.filter(({ path }) => !MISLEADING.test(path));
  return { ...observation, files: clear, cutOff: observation.cutOff || clear.length < files.length };
}
