import { Readable } from "node:stream";
import type { ProgramEvent } from "../operations/output.js";
import type { Problem } from "./problems.js";
import type { FeedEvent } from "./route.js";
import { runView } from "./views.js";

/** A proxy or a client between us and the reader closes a connection on which nothing comes. */
const BEAT_MS = 15_000;

type Told = (error: unknown) => Problem;

/** Events that a client can resume after a broken connection. */
export function feedStream(events: AsyncIterable<FeedEvent>): Readable {
  const textOf = ({ id, event, data }: FeedEvent) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  return Readable.from(texts(events, textOf), { objectMode: true, highWaterMark: 1 });
}

/** Events of a program as server-sent events: `event: stdout`, `data: {"data":"…base64…"}`. */
export function eventStream(events: AsyncIterable<ProgramEvent>, told: Told): Readable {
  return Readable.from(
    texts(events, (event) => textOf(event, told)),
    { objectMode: true, highWaterMark: 1 },
  );
}

async function* texts<Event>(
  events: AsyncIterable<Event>,
  textOf: (event: Event) => string,
): AsyncGenerator<string, void, void> {
  const iterator = events[Symbol.asyncIterator]();
  let next = begun(iterator);
  try {
    while (true) {
      const outcome = await orBeat(next);
      if (outcome === undefined) {
        yield ": alive\n\n";
      } else if (outcome.done === true) {
        return;
      } else {
        next = begun(iterator);
        yield textOf(outcome.value);
      }
    }
  } finally {
    // The reader may be gone in the middle. What the events hold for it ends, however long their source takes.
    iterator.return?.().catch(() => undefined);
  }
}

/** The next event. It may fail while a slow reader has not yet taken the one before, and only then is it awaited. */
function begun<Event>(iterator: AsyncIterator<Event>): Promise<IteratorResult<Event>> {
  const next = iterator.next();
  next.catch(() => undefined);
  return next;
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

function textOf(event: ProgramEvent, told: Told): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(dataOf(event, told))}\n\n`;
}

function dataOf(event: ProgramEvent, told: Told): unknown {
  switch (event.type) {
    case "start":
      return { id: event.id };
    case "stdout":
    case "stderr":
      return { data: event.data };
    case "result":
      return "level" in event.result ? runView(event.result) : event.result;
    case "error":
      return told(event.error);
  }
}
