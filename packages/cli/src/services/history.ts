import type { OutputEvent } from "bulkhead/services";

/** Characters kept for each component, for `bulkhead service logs`. */
const KEPT = 256 * 1024;
/** Each line costs an object. */
const MOST_LINES = 8192;

/** The last output of each component. One that writes much pushes out only its own. */
export class History {
  readonly #components = new Map<string, { readonly lines: OutputEvent[]; size: number }>();

  add(event: OutputEvent): void {
    const kept = this.#components.get(event.component) ?? { lines: [], size: 0 };
    this.#components.set(event.component, kept);
    kept.lines.push(event);
    kept.size += event.text.length;
    while (kept.size > KEPT || kept.lines.length > MOST_LINES) kept.size -= kept.lines.shift()?.text.length ?? 0;
  }

  /** In the order of their arrival. No names: of all. */
  lines(components: readonly string[]): readonly OutputEvent[] {
    return [...this.#components]
      .filter(([name]) => components.length === 0 || components.includes(name))
      .flatMap(([, { lines }]) => lines)
      .sort((one, other) => one.at.getTime() - other.at.getTime());
  }
}
