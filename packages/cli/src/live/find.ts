import { BulkheadError, type LiveSandbox, listSandboxes } from "bulkhead";
import { defined } from "../defined.js";
import type { LiveFlags } from "./flags.js";

export function liveOptions({ broker }: LiveFlags): { readonly broker?: string } {
  return defined({ broker });
}

/** The live sandboxes that the words name, by id or a unique prefix of it. @throws BulkheadError ID_UNKNOWN, USAGE */
export async function findLive(words: readonly string[], flags: LiveFlags): Promise<readonly LiveSandbox[]> {
  const { sandboxes } = await listSandboxes(liveOptions(flags));
  return words.map((word) => {
    const exact = sandboxes.find(({ id }) => id === word);
    if (exact !== undefined) return exact;
    const [found, ...more] = word === "" ? [] : sandboxes.filter(({ id }) => id.startsWith(word));
    if (found === undefined)
      throw new BulkheadError("ID_UNKNOWN", { operation: "find sandbox", detail: word.slice(0, 64) });
    if (more.length > 0) {
      throw new BulkheadError("USAGE", { detail: `${word} is the beginning of ${more.length + 1} ids` });
    }
    return found;
  });
}
