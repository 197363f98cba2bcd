import type { ImageOptions } from "../../images/options.js";
import type { CompiledPolicy } from "../../prepare/stages.js";

/** A compiled policy, whose image stays in the store. */
export interface HeldPolicy extends CompiledPolicy {
  /** Keeps what the plan names in the store of images; the caller's to dispose of. */
  readonly pin?: Disposable | undefined;
  /** Pins them once more; undefined if the image must be opened anew. */
  readonly again?: ((images: ImageOptions) => Promise<Disposable | undefined>) | undefined;
}
