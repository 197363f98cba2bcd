import { BulkheadError } from "bulkhead";
import { describe, expect, it } from "vitest";
import { Qmp } from "../../src/levels/microvm/qemu/qmp.js";
import { duplexPair } from "../support/duplex-pair.js";

const GREETING = '{"QMP":{"version":{},"capabilities":[]}}\n';

function connected() {
  const [ours, theirs] = duplexPair();
  const qmp = new Qmp(ours);
  const asked: { execute: string; id: number }[] = [];
  theirs.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n").filter(Boolean)) asked.push(JSON.parse(line));
  });
  return { qmp, theirs, asked, ours };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("QEMU's monitor", () => {
  it("asks for capabilities first and matches answers to questions, however they are split", async () => {
    const { qmp, theirs, asked } = connected();
    const status = qmp.execute("query-status");
    await settle();
    expect(asked.map(({ execute }) => execute)).toEqual(["qmp_capabilities", "query-status"]);
    const bytes = `${GREETING}{"return":{},"id":1}\n{"event":"STOP"}\n{"return":{"status":"running"},"id":2}\n`;
    for (const byte of bytes) theirs.write(byte);
    expect(await status).toEqual({ status: "running" });
  });

  it("delivers events to their listeners", async () => {
    const { qmp, theirs } = connected();
    const seen: unknown[] = [];
    qmp.on("MIGRATION", (data) => seen.push(data["status"]));
    theirs.write(`${GREETING}{"event":"MIGRATION","data":{"status":"completed"}}\n{"event":"OTHER"}\n`);
    await settle();
    expect(seen).toEqual(["completed"]);
  });

  it("gives QEMU's own reason for an error", async () => {
    const { qmp, theirs } = connected();
    const answer = qmp.execute("migrate");
    theirs.write(`${GREETING}{"return":{},"id":1}\n{"error":{"class":"GenericError","desc":"no"},"id":2}\n`);
    await expect(answer).rejects.toMatchObject({ code: "VMM_FAILED", operation: "qmp migrate", detail: "no" });
  });

  it.each([
    ["no greeting", '{"return":{},"id":1}\n'],
    ["not JSON", "hello\n"],
    ["an answer to nothing", `${GREETING}{"return":{},"id":99}\n`],
    ["neither answer nor error", `${GREETING}{"id":2}\n`],
    ["an array", `${GREETING}[]\n`],
    ["a line without end", "x".repeat(300_000)],
  ])("ends with a violation: %s", async (_name, bytes) => {
    const { qmp, theirs, ours } = connected();
    const answer = qmp.execute("query-status").catch((error: unknown) => error);
    theirs.write(bytes);
    await answer;
    const later = await qmp.execute("query-status").catch((error: unknown) => error);
    expect(later).toBeInstanceOf(BulkheadError);
    expect(later).toMatchObject({ code: "VMM_PROTOCOL_VIOLATION" });
    expect(ours.destroyed).toBe(true);
  });

  it("fails what waits when the connection ends", async () => {
    const { qmp, theirs } = connected();
    const answer = qmp.execute("query-status");
    theirs.end();
    await expect(answer).rejects.toMatchObject({ code: "VMM_FAILED" });
  });
});
