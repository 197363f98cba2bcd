import type { Ask } from "./gate.js";

/**
 * A program's decision about one request of its sandbox; undefined leaves it to the rules. It never overrules a rule
 * that denies.
 */
export type EgressHook = (ask: EgressAsk) => EgressAnswer | Promise<EgressAnswer>;
export type EgressAnswer = "allow" | "deny" | undefined;

/** The request that a hook decides about. */
export interface EgressAsk {
  readonly via: Ask["via"];
  /** Host in its normal form. */
  readonly name: string;
  readonly port: number;
  readonly method: string | null;
  readonly path: string | null;
  /** The rule that allows it; null if none does. */
  readonly rule: string | null;
}

/** Stands for the hook where other events name a rule. */
export const HOOK = "onEgress";
/** The hook may ask a person, but the wait must end. */
const HOOK_MS = 60_000;

/** Asks the hook. A hook that fails, or does not answer in time, refuses. */
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
