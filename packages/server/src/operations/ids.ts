import { randomBytes } from "node:crypto";

/** What an id names; ids of a kind begin with it. */
export type IdKind = "sbx" | "exe" | "prj";

/** An id that cannot be guessed. It is public all the same: only a token of the project makes it useful. */
export function freshId(kind: IdKind): string {
  return `${kind}_${randomBytes(12).toString("hex")}`;
}

export function idPattern(kind: IdKind): RegExp {
  return new RegExp(`^${kind}_[0-9a-f]{24}$`);
}
