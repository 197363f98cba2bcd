import { printableLine, type Statement } from "bulkhead";
import { openPublicKey, openRecordKey, readRecord, verifyRecord } from "bulkhead/record";
import { styleFor } from "../output/style.js";
import { table, widthOf } from "../output/table.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { RecordFlags } from "./flags.js";

/** Verifies each; the first invalid record ends it with an error. */
export async function verifyRecords(files: readonly string[], flags: RecordFlags): Promise<void> {
  const key = openPublicKey(flags.key);
  for (const file of files) {
    const { predicate } = verifyRecord(await readRecord(file), key, file);
    const line = `${printableLine(file)}: ${predicate.id}, level ${predicate.level}, signed by ${key.id.slice(0, 16)}`;
    await print(process.stdout, flags.json === true ? jsonLine({ file, id: predicate.id, key: key.id }) : `${line}\n`);
  }
  await finish(0);
}

/** Prints the statement of one record. */
export async function showRecord(file: string, flags: RecordFlags): Promise<void> {
  const statement = verifyRecord(await readRecord(file), openPublicKey(flags.key), file);
  await print(process.stdout, flags.json === true ? jsonLine(statement) : `${render(statement)}\n`);
  await finish(0);
}

/** Prints the public half of this machine's key. */
export async function printKey(flags: RecordFlags): Promise<void> {
  const { id, publicKey } = openRecordKey();
  const pem = String(publicKey.export({ type: "spki", format: "pem" }));
  await print(process.stdout, flags.json === true ? jsonLine({ key: id, publicKey: pem }) : pem);
  await finish(0);
}

function render({ subject, predicate }: Statement): string {
  const { id, level, host, warden, startedAt, endedAt, result, enforcement } = predicate;
  const style = styleFor(process.stdout);
  const ended = result.signal ?? `exit code ${result.exitCode}`;
  const causes = Object.entries(result).flatMap(([name, value]) => (value === true ? [name] : []));
  const rows = [
    ["sandbox", `${id}, level ${level}`],
    ["kernel", `${host.kernel}, ${host.architecture}`],
    ["warden", warden.version],
    ["from", startedAt],
    ["to", endedAt],
    ["result", [ended, ...causes].join(", ")],
    ...subject.map(({ name, digest }) => [`sha256 of ${name}`, digest.sha256]),
  ];
  const paint = { enforced: style.good, weaker: style.doubtful, cannot: style.bad };
  const lines = enforcement.protections.map((line) => [
    { text: line.protection },
    { text: line.status, paint: paint[line.status] },
    { text: "by" in line ? line.by : line.why },
  ]);
  return [
    table(
      rows.map((row) => row.map((text) => ({ text }))),
      widthOf(process.stdout),
    ),
    "",
    table(lines, widthOf(process.stdout)),
  ].join("\n");
}
