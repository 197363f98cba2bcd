import type { Digest } from "../reference/digest.js";

/** Progress of a pull. Plain data: the command line prints it as JSON lines. */
export type PullEvent =
  | { readonly type: "resolving"; readonly image: string }
  | {
      readonly type: "resolved";
      readonly image: string;
      readonly digest: Digest;
      readonly layers: readonly { readonly digest: Digest; readonly totalBytes: number }[];
    }
  | {
      readonly type: "layer";
      readonly digest: Digest;
      /** `waiting`: for its turn, or for another process that downloads it. `present`: already in the store. */
      readonly state: "waiting" | "downloading" | "present" | "downloaded" | "unpacking";
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | {
      readonly type: "pulled";
      readonly image: string;
      readonly digest: Digest;
      /** Bytes downloaded over the network. */
      readonly downloadedBytes: number;
      readonly durationMs: number;
    };

export type OnPullEvent = (event: PullEvent) => void;
