import type { Level } from "bulkhead";

/**
 * An id as the policy counts it. Where there is no user namespace (`chroot`) the workload sees the host's number for
 * it: one of a range of 65,536 that starts at a multiple of that.
 */
export function insideId(level: Level, id: number): number {
  return level === "chroot" ? id % 65_536 : id;
}

/** The same for text that holds nothing but ids, apart from white space. */
export function insideIds(level: Level, text: string): readonly number[] {
  return text
    .trim()
    .split(/\s+/)
    .map((id) => insideId(level, Number(id)));
}
