import type { OnPullEvent } from "bulkhead";
import { humanBytes } from "./size.js";

/** Shows what goes on while images are pulled. */
export interface Progress {
  readonly onEvent: OnPullEvent;
  /** To be called when it is over, however it ended. */
  stop(): void;
}

/** What is said when it is over. */
export function pulledLine({
  image,
  downloadedBytes,
  durationMs,
}: Parameters<OnPullEvent>[0] & { type: "pulled" }): string {
  return `pulled ${image} (${humanBytes(downloadedBytes)} in ${(durationMs / 1000).toFixed(1)} s)`;
}
