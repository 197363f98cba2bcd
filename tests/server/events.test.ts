import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { feedStream } from "../../packages/server/src/http/events.js";
import type { FeedEvent } from "../../packages/server/src/http/route.js";
import { OutputLog } from "../../packages/server/src/operations/output-log.js";
import { newProject } from "../../packages/server/src/operations/tenancy.js";
import { Quotas } from "../../packages/server/src/tenants/quotas.js";

const event: FeedEvent = { id: "0", event: "stdout", data: {} };

it("a source that fails while its reader is slow fails the stream, and ends no process", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const source = async function* () {
    yield event;
    throw new Error("the source failed");
  };
  const stream = feedStream(source());
  stream.read(0);
  await pause(200);
  const read = async () => {
    for await (const _ of stream);
  };
  await expect(read()).rejects.toThrow("the source failed");
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

it("the output of a program is freed when its reader went in the middle", async () => {
  const quotas = new Quotas();
  const project = newProject("a", { organisation: "test", name: "a" });
  const log = new OutputLog(quotas, project);
  for (let count = 0; count < 20; count += 1) await log.stdout(Buffer.alloc(64 * 1024));
  const leaving = new AbortController();
  const feed = async function* (): AsyncGenerator<FeedEvent> {
    for await (const piece of log.read(0, leaving.signal)) yield { ...event, id: String(piece.end) };
  };
  const stream = feedStream(feed());
  for await (const _ of stream) break;
  leaving.abort();
  log.release();
  await expect.poll(() => quotas.uses.map(([, { outputBytes }]) => outputBytes)).toEqual([0]);
});
