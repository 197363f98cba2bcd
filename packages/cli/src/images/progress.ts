import type { OnPullEvent } from "bulkhead/images";
import { Bars } from "./bars.js";
import { type Progress, pulledLine } from "./pulled.js";
import { humanBytes } from "./size.js";

/** Print at most one event per interval for a layer that is downloading. */
const EVERY_MS = 500;

/** Bars on a terminal, JSON lines on request, plain lines otherwise. */
export function progressOn(stream: NodeJS.WriteStream, json: boolean): Progress {
  if (json)
    return { onEvent: thinned((event) => void stream.write(`${JSON.stringify(event)}\n`)), stop: () => undefined };
  if (stream.isTTY === true && process.env["TERM"] !== "dumb") return new Bars(stream);
  return { onEvent: (event) => plain(stream, event), stop: () => undefined };
}

function plain(stream: NodeJS.WriteStream, event: Parameters<OnPullEvent>[0]): void {
  switch (event.type) {
    case "resolving":
      stream.write(`bulkhead: pulling ${event.image}\n`);
      break;
    case "layer":
      if (event.state === "downloaded") {
        stream.write(`bulkhead: layer ${event.digest.slice(7, 19)}: ${humanBytes(event.totalBytes)}\n`);
      }
      break;
    case "pulled":
      stream.write(`bulkhead: ${pulledLine(event)}\n`);
      break;
    case "resolved":
      break;
  }
}

/** Passes every change of state on, but only some of the byte counts in between. */
function thinned(tell: OnPullEvent): OnPullEvent {
  const last = new Map<string, number>();
  return (event) => {
    if (event.type === "layer" && event.state === "downloading") {
      const now = performance.now();
      if (now - (last.get(event.digest) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
      last.set(event.digest, now);
    }
    tell(event);
  };
}
