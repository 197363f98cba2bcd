import { Broker } from "../../broker/broker.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Policy } from "../../policy/schema.js";
import { compileGathered, gather, parse } from "../../prepare/compile.js";
import type { HeldPolicy } from "./held.js";
import type { OwnPrepareOptions } from "./options.js";
import { recall, remember } from "./remembered.js";
import { ImageSources } from "./sources.js";

/**
 * The first three stages: parsed, gathered, compiled; or their recent result.
 * @throws BulkheadError as the stages do
 */
export async function compilePolicy(policy: Policy, options: OwnPrepareOptions): Promise<HeldPolicy> {
  return (await recall(policy, options)) ?? (await compileFresh(policy, options));
}

async function compileFresh(policy: Policy, options: OwnPrepareOptions): Promise<HeldPolicy> {
  // Start a private broker meanwhile; the code that awaits it reports a failure.
  const starting = Broker.default(options.broker);
  starting.catch(() => undefined);
  const parsed = parse(policy);
  const sources = new ImageSources(parsed.resolved, options);
  try {
    const compiled = compileGathered(await gather(parsed, starting, sources));
    const held = { ...compiled, again: sources.opened?.again };
    const isRepeatable = sources.opened === undefined || held.again !== undefined;
    if (isRepeatable && namesNoHostFile(parsed.resolved)) remember(policy, held);
    return { ...held, pin: sources.opened };
  } catch (error) {
    sources.opened?.[Symbol.dispose]();
    throw error;
  }
}

function namesNoHostFile({ root, files, syscalls }: ResolvedPolicy): boolean {
  // We can tell whether an image is unchanged, but not whether a directory is.
  const ownRoot = root.kind !== "directory";
  return ownRoot && syscalls.kind !== "file" && files.every((file) => file.kind === "tmpfs");
}
