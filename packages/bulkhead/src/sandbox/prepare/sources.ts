import { baseRootPath } from "../../host/locate.js";
import type { OpenedImage as StoredImage } from "../../images/open.js";
import type { Tree, TreeImage } from "../../levels/runtime.js";
import type { OpenedImage } from "../../plan/inputs.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Sources } from "../../prepare/compile.js";
import { defined } from "../../values/defined.js";
import type { OwnPrepareOptions, PrepareOptions } from "./options.js";

/** Images, and disks built from trees. The code that opens or builds them is loaded on demand. */
export class ImageSources implements Sources {
  readonly #policy: ResolvedPolicy;
  readonly #options: OwnPrepareOptions;
  /** The opened image, pinned in the store until it is disposed of. */
  opened: StoredImage | undefined;

  constructor(policy: ResolvedPolicy, options: OwnPrepareOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  get baseRoot(): string {
    return baseRootPath();
  }

  get refuseLinks(): boolean {
    return this.#options.refuseLinks === true;
  }

  readonly openImage = async (source: string): Promise<OpenedImage> => {
    const { broker, images, signal } = this.#options;
    const { openImage } = await import("../../images/open.js");
    const opened = await openImage(source, {
      ...images,
      verify: this.#policy.verify,
      ...defined({ broker, signal }),
    });
    this.opened = opened;
    return opened;
  };

  readonly treeImage = async (tree: Tree, mapped: boolean): Promise<TreeImage> =>
    await diskOf(tree, mapped, this.#options);
}

/** A tree as a disk for a virtual machine: the stored one, or a new one. */
export async function diskOf(
  tree: Tree,
  mapped: boolean,
  { broker, signal }: Pick<PrepareOptions, "broker" | "signal">,
): Promise<TreeImage> {
  const { erofsOf } = await import("../../images/erofs/erofs.js");
  const { owner } = tree;
  const user = owner !== null && "uid" in owner ? { uid: owner.uid, gid: owner.gid } : { uid: 0, gid: 0 };
  return await erofsOf(mapped ? tree : { ...tree, owner: null }, {
    user,
    stable: tree.kind === "directory" && tree.path === baseRootPath(),
    ...defined({ broker, signal }),
  });
}
