import type { PullEvent } from "bulkhead/images";
import { type Style, styleFor } from "../output/style.js";
import { type Progress, pulledLine } from "./pulled.js";
import { humanBytes } from "./size.js";

type LayerEvent = PullEvent & { readonly type: "layer" };

const REDRAW_MS = 100;
const WIDEST_BAR = 30;
/** Below this width there is only room for names and states. */
const NARROWEST = 46;
const ESCAPE = "\u001b[";

/** A bar for each layer, redrawn in place. */
export class Bars implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #style: Style;
  readonly #layers = new Map<string, LayerEvent>();
  #title = "";
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#style = styleFor(stream);
  }

  readonly onEvent = (event: PullEvent): void => {
    switch (event.type) {
      case "resolving":
        this.#title = `pulling ${event.image}`;
        break;
      case "resolved":
        this.#layers.clear();
        for (const { digest, totalBytes } of event.layers) {
          this.#layers.set(digest, { type: "layer", digest, state: "waiting", bytes: 0, totalBytes });
        }
        break;
      case "layer":
        this.#layers.set(event.digest, event);
        break;
      case "pulled":
        this.#finish(pulledLine(event));
        return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, REDRAW_MS).unref();
  };

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #finish(line: string): void {
    this.stop();
    this.#stream.write(`${line}\n`);
    this.#layers.clear();
  }

  #draw(): void {
    // A terminal without a window reports 0.
    const [columns, rows] = [this.#stream.columns || 80, this.#stream.rows || 24];
    const layers = [...this.#layers.values()];
    // If there are more layers than lines, finished ones go first.
    const room = Math.max(1, rows - 3);
    const open = layers.filter(({ state }) => state !== "present" && state !== "downloaded");
    const shown = (layers.length <= room ? layers : open).slice(0, room);
    const lines = [this.#title.slice(0, columns - 1), ...shown.map((layer) => layerLine(layer, columns, this.#style))];
    this.#erase();
    this.#stream.write(lines.map((line) => `${line}\n`).join(""));
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`${ESCAPE}${this.#drawn}A${ESCAPE}0J`);
    this.#drawn = 0;
  }
}

/** One line, never wider than the terminal. */
export function layerLine({ digest, state, bytes, totalBytes }: LayerEvent, columns: number, style: Style): string {
  const id = digest.slice(7, 19);
  if (columns < NARROWEST) return `${id} ${state}`.slice(0, columns - 1);
  const amount = `${humanBytes(bytes)} / ${humanBytes(totalBytes)}`.padStart(19);
  const room = Math.min(WIDEST_BAR, columns - id.length - amount.length - 20);
  const filled = totalBytes === 0 ? room : Math.round((room * bytes) / totalBytes);
  const bar = room < 5 ? "" : `${"=".repeat(filled)}${" ".repeat(room - filled)} `;
  const done = state === "present" || state === "downloaded" || state === "unpacking";
  return `${style.dim(id)} ${done ? style.good(bar) : bar}${amount} ${state}`;
}
