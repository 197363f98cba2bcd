import type { NetworkRule, Protocol } from "../policy/network/types.js";
import type { Allowed } from "./gate.js";
import type { Target } from "./rules/match.js";

/** What the gate keeps with a verdict that allows. It acts only on verdicts that it made itself. */
export class Decision implements Allowed {
  readonly allowed = true;
  readonly rule: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly intercept: boolean;
  readonly target: Target;
  readonly port: number;
  readonly protocols: ReadonlySet<Protocol>;
  /** The hook's decision, if no rule allows it. */
  readonly byHook: NetworkRule | null;
  readonly startedAt = performance.now();
  readonly time = new Date().toISOString();

  constructor(parts: Omit<Decision, "allowed" | "startedAt" | "time" | "name">) {
    this.rule = parts.rule;
    this.target = parts.target;
    this.name = nameOf(parts.target);
    this.addresses = parts.addresses;
    this.intercept = parts.intercept;
    this.port = parts.port;
    this.protocols = parts.protocols;
    this.byHook = parts.byHook;
  }
}

/** The normal form of a host. */
export function nameOf(target: Target): string {
  return target.kind === "name" ? target.name : target.address;
}
