import type { Level } from "bulkhead";
import type { EgressEvent } from "bulkhead/egress";
import type { Quotas, Use } from "../tenants/quotas.js";
import { Registry, type Sample } from "./registry.js";

/** Seconds: a launch takes milliseconds, an emulated machine many seconds. */
const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

/** What the operator sees of the server's work. Labels are ids, levels and codes: nothing that a tenant chooses. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests = this.registry.counter("bulkhead_http_requests_total", "Answers to requests.", [
    "route",
    "status",
  ]);
  readonly #requestSeconds = this.registry.histogram(
    "bulkhead_http_request_duration_seconds",
    "Time from a request to the end of its answer.",
    ["route"],
    SECONDS,
  );
  readonly #created = this.registry.histogram(
    "bulkhead_sandbox_create_duration_seconds",
    "Time to create a sandbox that lasts.",
    ["project", "level"],
    SECONDS,
  );
  readonly #firstOutput = this.registry.histogram(
    "bulkhead_run_first_output_seconds",
    "Time from a run request to the first byte of its program's output, or to its end if it has none.",
    ["project", "level"],
    SECONDS,
  );
  readonly #refusals = this.registry.counter(
    "bulkhead_refusals_total",
    "Requests that were denied before anything began, by error code; project is empty without a valid token.",
    ["project", "code"],
  );
  readonly #egress = this.registry.counter(
    "bulkhead_egress_decisions_total",
    "Connections out of sandboxes that were decided.",
    ["project", "verdict"],
  );
  readonly #egressBytes = this.registry.counter(
    "bulkhead_egress_bytes_total",
    "Bytes of connections out of sandboxes that have ended; in: to the sandbox.",
    ["project", "direction"],
  );

  readonly #pooled = this.registry.counter(
    "bulkhead_pool_runs_total",
    "Runs of templates with a pool; hit: a sandbox stood ready.",
    ["project", "outcome"],
  );

  constructor(quotas: Quotas) {
    this.#gauges(quotas);
  }

  #gauges(quotas: Quotas): void {
    const ofProjects = (read: (use: Readonly<Use>) => number) => (): readonly Sample[] =>
      quotas.uses.map(([project, use]) => ({ labels: [project], value: read(use) }));
    const gauge = (name: string, help: string, read: (use: Readonly<Use>) => number) =>
      this.registry.gauge(name, help, ["project"], ofProjects(read));
    gauge("bulkhead_sandboxes_alive", "Live sandboxes, those of run included.", ({ sandboxes }) => sandboxes);
    gauge("bulkhead_memory_limit_bytes", "Memory limits of all live sandboxes.", ({ memoryBytes }) => memoryBytes);
    gauge("bulkhead_held_bytes", "Output, input and answers in the server's memory.", ({ outputBytes }) => outputBytes);
    gauge("bulkhead_http_requests_in_progress", "Requests in progress.", ({ requestsAtOnce }) => requestsAtOnce);
    const own = (value: () => number) => () => [{ labels: [], value: value() }];
    const { registry } = this;
    const resident = own(() => process.memoryUsage.rss());
    registry.gauge("process_resident_memory_bytes", "Memory of the server's process.", [], resident);
    const started = own(() => Math.round(Date.now() / 1000 - process.uptime()));
    registry.gauge("process_start_time_seconds", "Start of the server's process, Unix time.", [], started);
  }

  /** `route`: method and path with names for ids, or `none`. */
  answered(route: string, status: number, ms: number): void {
    this.#requests.add([route, String(status)]);
    this.#requestSeconds.observe([route], ms / 1000);
  }

  created(project: string, level: Level, ms: number): void {
    this.#created.observe([project, level], ms / 1000);
  }

  firstOutput(project: string, level: Level, ms: number): void {
    this.#firstOutput.observe([project, level], ms / 1000);
  }

  pooled(project: string, hits: number, misses: number): void {
    this.#pooled.add([project, "hit"], hits);
    this.#pooled.add([project, "miss"], misses);
  }

  refused(project: string | null, code: string): void {
    this.#refusals.add([project ?? "", code]);
  }

  egress(project: string, { verdict, bytesIn, bytesOut }: EgressEvent): void {
    this.#egress.add([project, verdict]);
    this.#egressBytes.add([project, "in"], bytesIn);
    this.#egressBytes.add([project, "out"], bytesOut);
  }
}
