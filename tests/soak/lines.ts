import type { Sizes } from "./growth.js";

/** What a worker prints, a line each. */
export type Line =
  | { readonly type: "used"; readonly action: string; readonly ms: number }
  /** Failed with a code while processes were killed. */
  | { readonly type: "lost"; readonly action: string; readonly ms: number; readonly code: string }
  /** Something that is never right. */
  | { readonly type: "wrong"; readonly action: string; readonly detail: string }
  /** Of the worker itself. */
  | { readonly type: "sizes"; readonly sizes: Sizes }
  | { readonly type: "end" };
