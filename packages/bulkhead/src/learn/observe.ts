import { observerPath } from "../broker/locate.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Policy } from "../policy/schema.js";
import type { ProcessResult } from "../sandbox/process-result.js";
import { Sandbox, type SandboxOptions } from "../sandbox/sandbox.js";
import { LARGEST_REPORT, type Observation, parseObservation } from "./observation.js";

/** Inside: the observer, and where it leaves its report. */
const OBSERVER = "/.bulkhead-observe";
const REPORTS = "/.bulkhead-report";

/** What became of one observed run. */
export interface Observed {
  readonly result: ProcessResult;
  readonly observation: Observation;
}

/**
 * Runs `argv` once as `policy` says, but for its `syscalls` and `access`, which are what is to be learned, and tells what it asked
 * of the kernel. The observer is a program of the sandbox like any other: what it looks at was allowed already.
 * @throws BulkheadError LEARN_FAILED, and whatever creating a sandbox throws
 */
export async function observe(
  argv: readonly string[],
  policy: Policy,
  options: SandboxOptions = {},
): Promise<Observed> {
  const { syscalls: _, access: __, ...rest } = policy;
  await using sandbox = await Sandbox.create(
    {
      ...rest,
      files: [
        ...(policy.files ?? []),
        { host: observerPath(), at: OBSERVER },
        { tmpfs: REPORTS, size: LARGEST_REPORT + 4096, exec: false },
      ],
    },
    options,
  );
  const report = `${REPORTS}/report.json`;
  const result = await sandbox.run([OBSERVER, "--report", report, "--", ...argv]);
  const info = await sandbox.files.stat(report).catch((cause: unknown) => {
    const said = result.stderr.slice(-500);
    throw new BulkheadError("LEARN_FAILED", { operation: "observe", detail: said, cause });
  });
  if (info.size > LARGEST_REPORT) throw new BulkheadError("LEARN_FAILED", { operation: "read report", detail: "size" });
  const observation = parseObservation(await sandbox.files.read(report));
  return { result, observation: withoutOwn(observation) };
}

/** The observer itself is no part of what the program needs. */
function withoutOwn(observation: Observation): Observation {
  const own = ({ path }: { readonly path: string }) => path.startsWith(OBSERVER) || path.startsWith(REPORTS);
  return { ...observation, files: observation.files.filter((file) => !own(file)) };
}
