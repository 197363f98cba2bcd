import type { Ask } from "./gate.js";

/** What the program that runs a sandbox says of one ask; undefined leaves it to the rules. A rule that denies is never overruled. */
export type EgressHook = (ask: EgressAsk) => EgressAnswer | Promise<EgressAnswer>;
export type EgressAnswer = "allow" | "deny" | undefined;

/** What a hook is asked. */
export interface EgressAsk {
  readonly via: Ask["via"];
  /** In its normal form. */
  readonly name: string;
  readonly port: number;
  readonly method: string | null;
  readonly path: string | null;
  /** The rule that allows it; null: none does. */
  readonly rule: string | null;
}

/** The name of the hook where others have a rule. */
export const HOOK = "onEgress";
/** Somebody may have to be asked, but not for ever. */
const HOOK_MS = 60_000;

/** Asks the hook. One that fails, or says nothing in time, has refused. */
export async function askHook(
  hook: EgressHook | undefined,
  ask: Ask,
  name: string,
  rule: string | null,
): Promise<EgressAnswer> {
  if (hook === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"deny">((resolve) => {
    timer = setTimeout(() => resolve("deny"), HOOK_MS);
  });
  try {
    const { via, port, method = null, path = null } = ask;
    const said = await Promise.race([hook({ via, name, port, method, path, rule }), late]);
    return said === "allow" || said === undefined ? said : "deny";
  } catch {
    return "deny";
  } finally {
    clearTimeout(timer);
  }
}
