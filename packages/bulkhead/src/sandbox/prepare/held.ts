import type { ImageOptions } from "../../images/options.js";
import type { CompiledPolicy } from "../../prepare/stages.js";

/** A compiled policy, whose image stays in the store. */
export interface HeldPolicy extends CompiledPolicy {
  /** Pins the plan's images in the image store; the caller must dispose of it. */
  readonly pin?: Disposable | undefined;
  /** Pins them once more; undefined if the image must be opened anew. */
  readonly again?: ((images: ImageOptions) => Promise<Disposable | undefined>) | undefined;
}
