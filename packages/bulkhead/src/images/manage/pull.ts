import { pull } from "../pull/pull.js";
import type { Digest } from "../reference/digest.js";
import { parseImageName } from "../reference/name.js";
import { ruleFor } from "../signatures/rules.js";
import { Store } from "../store/store.js";
import type { PullImageOptions } from "./options.js";
import { rulesOf } from "./verify.js";

/** Pulls an image by its name. Throws IMAGE_NAME_INVALID, and as `pull`. */
export async function pullImage(
  text: string,
  { store: path, registry, limits, onEvent, verify, ...sandbox }: PullImageOptions,
): Promise<{ readonly name: string; readonly digest: Digest }> {
  const name = parseImageName(text);
  const rule = ruleFor(verify === undefined ? null : rulesOf(verify), name);
  const store = await Store.open(path);
  const { record, pin } = await pull(store, name, { registry, limits, onEvent, rule, sandbox });
  pin[Symbol.dispose]();
  return { name: record.name, digest: record.digest };
}
