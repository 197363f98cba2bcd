import type { PullImageOptions } from "../images.js";
import { pull } from "../pull/pull.js";
import type { Digest } from "../reference/digest.js";
import { parseImageName } from "../reference/name.js";
import { Store } from "../store/store.js";

/** Pulls an image by its name. Throws IMAGE_NAME_INVALID, and as `pull`. */
export async function pullImage(
  text: string,
  { store: path, registry, limits, onEvent, ...sandbox }: PullImageOptions,
): Promise<{ readonly name: string; readonly digest: Digest }> {
  const name = parseImageName(text);
  const store = await Store.open(path);
  const { record } = await pull(store, name, { registry, limits, onEvent, sandbox });
  return { name: record.name, digest: record.digest };
}
