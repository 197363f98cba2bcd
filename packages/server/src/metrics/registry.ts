/** Values of a metric's labels, in the order of its names. */
type Labels = readonly string[];

/** One number of a metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  /** The lines of its samples. */
  lines(): readonly string[];
}

/** A number that only grows. */
export class Counter {
  readonly #values = new Map<string, { readonly labels: Labels; value: number }>();

  add(labels: Labels, by = 1): void {
    const key = labels.join("\0");
    const entry = this.#values.get(key) ?? { labels, value: 0 };
    entry.value += by;
    this.#values.set(key, entry);
  }

  get samples(): readonly Sample[] {
    return [...this.#values.values()];
  }
}

interface Distribution {
  readonly labels: Labels;
  /** Observations up to each bound, and beyond the last. */
  readonly counts: number[];
  sum: number;
}

/** Counts observations by size. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly #distributions = new Map<string, Distribution>();

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = labels.join("\0");
    const counts = () => Array.from({ length: this.bounds.length + 1 }, () => 0);
    const entry = this.#distributions.get(key) ?? { labels, counts: counts(), sum: 0 };
    const index = this.bounds.findIndex((bound) => value <= bound);
    const at = index === -1 ? this.bounds.length : index;
    entry.counts[at] = (entry.counts[at] ?? 0) + 1;
    entry.sum += value;
    this.#distributions.set(key, entry);
  }

  get distributions(): readonly Distribution[] {
    return [...this.#distributions.values()];
  }
}

/**
 * Metrics in the text format of Prometheus, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats.
 */
export class Registry {
  readonly #metrics: (Metric & { readonly help: string; readonly type: string })[] = [];

  counter(name: string, help: string, names: readonly string[]): Counter {
    const counter = new Counter();
    this.#add(name, help, "counter", () =>
      counter.samples.map(({ labels, value }) => line(name, names, labels, value)),
    );
    return counter;
  }

  /** Read each time. */
  gauge(name: string, help: string, names: readonly string[], read: () => readonly Sample[]): void {
    this.#add(name, help, "gauge", () => read().map(({ labels, value }) => line(name, names, labels, value)));
  }

  /** `bounds` ascend. */
  histogram(name: string, help: string, names: readonly string[], bounds: readonly number[]): Histogram {
    const histogram = new Histogram(bounds);
    this.#add(name, help, "histogram", () =>
      histogram.distributions.flatMap(({ labels, counts, sum }) => {
        let count = 0;
        const buckets = counts.map((each, index) => {
          count += each;
          const bound = String(bounds[index] ?? "+Inf");
          return line(`${name}_bucket`, [...names, "le"], [...labels, bound], count);
        });
        return [...buckets, line(`${name}_sum`, names, labels, sum), line(`${name}_count`, names, labels, count)];
      }),
    );
    return histogram;
  }

  #add(name: string, help: string, type: string, lines: Metric["lines"]): void {
    this.#metrics.push({ name, help, type, lines });
  }

  get names(): readonly string[] {
    return this.#metrics.map(({ name }) => name);
  }

  text(): string {
    return this.#metrics
      .flatMap(({ name, help, type, lines }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()])
      .map((text) => `${text}\n`)
      .join("");
  }
}

function line(name: string, names: readonly string[], labels: Labels, value: number): string {
  const pairs = names.map((label, index) => `${label}="${escaped(labels[index] ?? "")}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
