import { printableLine } from "bulkhead";
import type { ComponentState, ComponentStatus, ServiceEvent } from "bulkhead/services";
import type { Style } from "../output/style.js";
import { jsonLine, print } from "../output/write.js";

const ESCAPE = "\u001b[";
/** Of the sixteen colours, those that are legible on dark and on light. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94] as const;

/** Prints the events of a service: lines of output with their component's name, or JSON lines. */
export class Display {
  readonly #names: readonly string[];
  readonly #json: boolean;
  readonly #style: Style;
  readonly #colour: boolean;

  constructor(
    names: readonly string[],
    options: { readonly json: boolean; readonly style: Style; readonly colour: boolean },
  ) {
    this.#names = names;
    this.#json = options.json;
    this.#style = options.style;
    this.#colour = options.colour;
  }

  async show(event: ServiceEvent): Promise<void> {
    if (this.#json) return await print(process.stdout, jsonLine(event));
    switch (event.kind) {
      case "output":
        return await print(process.stdout, `${this.line(event.component, event.text)}\n`);
      case "state":
        return await print(process.stderr, `${this.#stateLine(event.status)}\n`);
      case "channel":
        return undefined;
    }
  }

  /** `api       | text` */
  line(component: string, text: string): string {
    return `${this.#paint(component, `${this.#padded(component)} |`)} ${text}`;
  }

  #stateLine({ name, state, reason }: ComponentStatus): string {
    const said = reason === null ? state : `${state}: ${printableLine(reason)}`;
    return `${this.#paint(name, `${this.#padded(name)} >`)} ${this.#style[toneOf(state)](said)}`;
  }

  #padded(name: string): string {
    return name.padEnd(Math.max(...this.#names.map((one) => one.length), name.length));
  }

  #paint(component: string, text: string): string {
    const at = this.#names.indexOf(component);
    return this.#colour && at >= 0 ? `${ESCAPE}${COLOURS[at % COLOURS.length]}m${text}${ESCAPE}0m` : text;
  }
}

export function toneOf(state: ComponentState): keyof Style {
  switch (state) {
    case "ready":
      return "good";
    case "failed":
      return "bad";
    case "backoff":
    case "stopping":
      return "doubtful";
    default:
      return "dim";
  }
}
