import { killSandbox } from "bulkhead";
import { finish, jsonLine, print } from "../output/write.js";
import { findLive, liveOptions } from "./find.js";
import type { LiveFlags } from "./flags.js";

/** Ends each, and prints its id when nothing of it is left; a word that names none ends nothing. */
export async function killLive(words: readonly string[], flags: LiveFlags): Promise<void> {
  const found = await findLive(words, flags);
  const ids = [...new Set(found.map(({ id }) => id))];
  await Promise.all(ids.map((id) => killSandbox(id, liveOptions(flags))));
  await print(process.stdout, flags.json === true ? jsonLine({ killed: ids }) : ids.map((id) => `${id}\n`).join(""));
  await finish(0);
}
