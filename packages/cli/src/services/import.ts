import { readFile } from "node:fs/promises";
import { printable, printableLine } from "bulkhead";
import { importCompose } from "bulkhead/services";
import { finish, jsonLine, print } from "../output/write.js";
import type { ImportFlags } from "./flags.js";

/** Translates a Compose file. */
export async function importFile(file: string, { json }: ImportFlags): Promise<void> {
  const imported = await importCompose(await readFile(file, "utf8"), file);
  if (json === true) await print(process.stdout, jsonLine(imported));
  else {
    const lines = imported.left.map(
      ({ path, why }) => `bulkhead: not taken over: ${printableLine(path)}: ${printableLine(why)}\n`,
    );
    await print(process.stderr, lines.join(""));
    await print(process.stdout, printable(imported.text));
  }
  await finish(0);
}
