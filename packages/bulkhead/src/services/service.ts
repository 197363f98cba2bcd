import { isAbsolute } from "node:path";
import { check } from "../arguments/check.js";
import { requireArguments } from "../arguments/require.js";
import { abortSignal, anyText, callback, hostPath, object } from "../arguments/values.js";
import type { BrokerOptions } from "../broker/options.js";
import { throwIfAborted } from "../errors/aborted.js";
import { printableLine } from "../errors/describe.js";
import { type ImageOptions, imageOptions } from "../images/options.js";
import { defined } from "../values/defined.js";
import { type Blast, blastOf } from "./blast/blast.js";
import { loadService, parseService } from "./file/load.js";
import type { ServiceSpec } from "./model.js";
import { openServiceBridge } from "./running/bridge.js";
import type { ServiceListener } from "./running/events.js";
import { type RunningService, startService } from "./running/running-service.js";

export interface UpOptions extends BrokerOptions {
  /** Where to get the images that components name. */
  readonly images?: ImageOptions;
  /**
   * Called with each change of state, each line of output and each connection between components. If it fails, the
   * service continues, and the process gets a warning.
   */
  readonly onEvent?: ServiceListener;
  /** Stops what has started so far; the promise rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

const absolutePath = check<string>((value) => typeof value === "string" && isAbsolute(value), "an absolute path");

const upOptions = object<UpOptions>({
  broker: hostPath,
  images: imageOptions,
  onEvent: callback<ServiceListener>(),
  signal: abortSignal,
});

/**
 * A service made of components: each behind its own wall, with every way from one to another declared in one file.
 *
 * ```ts
 * const service = await Service.load("bulkhead.yaml");
 * await using running = await service.up();
 * await running.ended;
 * ```
 */
export class Service {
  /** The compiled file: every name resolved, every default filled in. */
  readonly spec: ServiceSpec;

  private constructor(spec: ServiceSpec) {
    this.spec = spec;
  }

  get name(): string {
    return this.spec.name;
  }

  /**
   * Reads and checks a service file. Its relative paths are relative to its directory.
   * @throws BulkheadError SERVICE_UNREADABLE; SERVICE_SYNTAX and SERVICE_INVALID, with every problem, its line and its
   * column in `detail`
   */
  static async load(path: string): Promise<Service> {
    requireArguments("Service.load", ["path", hostPath, path]);
    return new Service(await loadService(path));
  }

  /** As {@link load}, of a text. `directory` is absolute, and the base of its relative paths. */
  static async parse(text: string, directory: string): Promise<Service> {
    requireArguments("Service.parse", ["text", anyText, text], ["directory", absolutePath, directory]);
    return new Service(await parseService(text, "service", directory));
  }

  /**
   * Starts every component, each when those that it waits for are ready, and resolves when all are. If one does not
   * become ready, nothing of the service stays. It lives as long as this process, or until it is disposed of.
   * @throws BulkheadError COMPONENT_NOT_READY, PORT_UNAVAILABLE, ABORTED
   */
  async up(options: UpOptions = {}): Promise<RunningService> {
    requireArguments("service.up", ["options", upOptions, options]);
    const { broker, images, onEvent, signal } = options;
    throwIfAborted("up", signal);
    const emit = withoutFailures(onEvent);
    const bridge = await openServiceBridge(this.spec.channels, emit);
    return await startService(this.spec, bridge, { bridge, options: defined({ broker, images }), emit }, signal);
  }

  /** What an attacker who owns a component can reach. @throws BulkheadError COMPONENT_UNKNOWN */
  blast(component: string): Blast {
    requireArguments("service.blast", ["component", anyText, component]);
    return blastOf(this.spec, component);
  }
}

/** A listener that fails must end no component: it would turn the caller's error into a crash of the workload. */
function withoutFailures(listener: ServiceListener | undefined): ServiceListener {
  let warned = false;
  return async (event) => {
    try {
      await listener?.(event);
    } catch (error) {
      if (warned) return;
      warned = true;
      const text = printableLine(error instanceof Error ? error.message : String(error));
      process.emitWarning(`a listener of a service failed: ${text}`, { code: "BULKHEAD_LISTENER_FAILED" });
    }
  };
}
