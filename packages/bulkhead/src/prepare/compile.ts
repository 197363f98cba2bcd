import type { Broker } from "../broker/broker.js";
import { freshId } from "../broker/fresh-id.js";
import type { HostReport } from "../host/report.js";
import type { Runtime, Tree, TreeImage } from "../levels/runtime.js";
import { runtimeFor } from "../levels/select.js";
import { wantedLevel } from "../plan/compile/level.js";
import { gatherInputs, type InputSources } from "../plan/inputs.js";
import { parsePolicy } from "../policy/parse.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Policy } from "../policy/schema.js";
import { defined } from "../values/defined.js";
import { reportOf } from "./host.js";
import { withinMaxima } from "./maxima.js";
import type { CompiledPolicy, Gathered, Parsed } from "./stages.js";
import { compile } from "./tabulate.js";

/** Inputs of gathering from higher layers: images, and disks built from trees. */
export interface Sources extends InputSources {
  /** A tree as a disk for a virtual machine. `mapped`: the broker can map ids. */
  readonly treeImage: (tree: Tree, mapped: boolean) => Promise<TreeImage>;
}

/** @throws BulkheadError POLICY_INVALID */
export function parse(policy: Policy): Parsed {
  return { policy, resolved: parsePolicy(policy) };
}

/**
 * Looks up the names of a policy, and this host's runtime for its level. Awaits a starting broker only when needed.
 * @throws BulkheadError as `gatherInputs`, the broker and trying the level do; LIMIT_ABOVE_MAXIMUM
 */
export async function gather(
  { policy, resolved }: Parsed,
  starting: Promise<Broker>,
  sources: Sources,
): Promise<Gathered> {
  // The code that awaits it reports a failure.
  starting.catch(() => undefined);
  // Without a broker the work for an image would be wasted.
  if (resolved.root.kind === "image") await starting;
  const inputs = await gatherInputs(resolved, sources);
  const broker = await starting;
  const { host, runtime } = await examined(resolved, broker, sources);
  const within = await withinMaxima(policy, resolved, broker.limits, runtime.wallLimits);
  return { resolved: within.policy, lowered: within.notes, broker, host, runtime, inputs };
}

/** @throws BulkheadError as `compile` of `plan/` does */
export function compileGathered({ resolved, lowered, broker, host, runtime, inputs }: Gathered): CompiledPolicy {
  const compiled = compile(resolved, host, inputs, { id: freshId() });
  const workload = lowered.length === 0 ? compiled.workload : { ...compiled.workload, lowered };
  return { broker, runtime, resolved, compiled: { ...compiled, workload } };
}

/** Examines the host as far as the policy's level needs; does not look for programs that no policy asks for. */
async function examined(
  policy: ResolvedPolicy,
  broker: Broker,
  { treeImage }: Sources,
): Promise<{ readonly host: HostReport; readonly runtime: Runtime }> {
  const level = wantedLevel(policy);
  const report = reportOf(broker);
  const { privileged } = report.facts;
  const imageOf = async (tree: Tree) => await treeImage(tree, privileged);
  const runtime = await runtimeFor(level, { broker, host: report, imageOf });
  const facts = runtime.guest ?? report.facts;
  const tried = { [level]: runtime.missing };
  const counting = defined({ counting: runtime.counting });
  return { host: { ...report, facts, privileged, tried, ...counting }, runtime };
}
