import { type TarEntry, tar } from "./tar.js";

/** An attack, or an oddity that readers of tar disagree about, and the one thing that must come of it. */
export interface HostileCase {
  readonly name: string;
  /** Lowest first. `CANARY` in names and link targets becomes the path of a directory that must stay as it is. */
  readonly layers: (canary: string) => readonly Buffer[];
  /** The last layer is refused with this code and detail; or all are unpacked and this is what is there. */
  readonly expected: { readonly code: string; readonly detail: string } | { readonly tree: readonly string[] | "any" };
  readonly flags?: readonly string[];
}

export const file = (name: string, data = "new"): TarEntry => ({ name, data });
export const directory = (name: string): TarEntry => ({ name, type: "5" });
export const symlink = (name: string, link: string): TarEntry => ({ name, type: "2", link });
export const hardLink = (name: string, link: string): TarEntry => ({ name, type: "1", link });
export const one = (...entries: readonly TarEntry[]) => [tar(...entries)];
export const invalid = (detail: string) => ({ code: "IMAGE_INVALID", detail });
export const limit = (detail: string) => ({ code: "IMAGE_LIMIT", detail });
export const deep = (depth: number) => Array.from({ length: depth }, () => "d").join("/");
