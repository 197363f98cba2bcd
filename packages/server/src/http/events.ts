import { Readable } from "node:stream";
import type { ProgramEvent } from "../operations/output.js";
import { problemOf } from "./problems.js";
import { runView } from "./views.js";

/** A proxy or a client between us and the reader closes a connection on which nothing comes. */
const BEAT_MS = 15_000;

/** Events of a program as server-sent events: `event: stdout`, `data: {"data":"…base64…"}`. */
export function eventStream(events: AsyncIterable<ProgramEvent>, instance: string): Readable {
  return Readable.from(texts(events, instance), { objectMode: true, highWaterMark: 1 });
}

async function* texts(events: AsyncIterable<ProgramEvent>, instance: string): AsyncGenerator<string, void, void> {
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  while (true) {
    const outcome = await orBeat(next);
    if (outcome === undefined) {
      yield ": alive\n\n";
    } else if (outcome.done === true) {
      return;
    } else {
      next = iterator.next();
      yield textOf(outcome.value, instance);
    }
  }
}

/** Undefined if nothing comes in time. */
async function orBeat<Value>(next: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const beat = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), BEAT_MS);
  });
  const outcome = await Promise.race([next, beat]);
  clearTimeout(timer);
  return outcome;
}

function textOf(event: ProgramEvent, instance: string): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(dataOf(event, instance))}\n\n`;
}

function dataOf(event: ProgramEvent, instance: string): unknown {
  switch (event.type) {
    case "start":
      return { id: event.id };
    case "stdout":
    case "stderr":
      return { data: event.data };
    case "result":
      return "level" in event.result ? runView(event.result) : event.result;
    case "error":
      return problemOf(event.error, instance);
  }
}
