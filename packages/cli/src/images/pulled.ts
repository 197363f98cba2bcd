import type { OnPullEvent } from "bulkhead/images";
import { humanBytes } from "./size.js";

/** Shows the progress of pulls. */
export interface Progress {
  readonly onEvent: OnPullEvent;
  /** Call it at the end, however the pull ended. */
  stop(): void;
}

/** The final line. */
export function pulledLine({
  image,
  downloadedBytes,
  durationMs,
}: Parameters<OnPullEvent>[0] & { type: "pulled" }): string {
  return `pulled ${image} (${humanBytes(downloadedBytes)} in ${(durationMs / 1000).toFixed(1)} s)`;
}
