import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type OutputEvent, type RunningService, Service, type ServiceEvent, type UpOptions } from "bulkhead/services";

/** A service that runs, and everything that it reported. */
export class Recorded implements AsyncDisposable {
  readonly events: ServiceEvent[] = [];
  #running: RunningService | undefined;

  /** Starts the service of this text. */
  static async up(text: string, options: UpOptions = {}): Promise<Recorded> {
    const recorded = new Recorded();
    await recorded.start(text, options);
    return recorded;
  }

  async start(text: string, options: UpOptions = {}): Promise<void> {
    const service = await Service.parse(text, process.cwd());
    this.#running = await service.up({ ...options, onEvent: (event) => this.events.push(event) });
  }

  get running(): RunningService {
    if (this.#running === undefined) throw new Error("the service did not start");
    return this.#running;
  }

  /** Lines that a component wrote. */
  lines(component: string): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === "output" && (event satisfies OutputEvent).component === component ? [event.text] : [],
    );
  }

  /** `NAME STATE` in the order of their events. */
  states(component?: string): readonly string[] {
    return this.events.flatMap((event) =>
      event.kind === "state" && (component === undefined || event.status.name === component)
        ? [component === undefined ? `${event.status.name} ${event.status.state}` : event.status.state]
        : [],
    );
  }

  state(component: string): string | undefined {
    return this.#running?.status().find(({ name }) => name === component)?.state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.down();
  }
}

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A web server of the built-in root: `/` answers `text`. It ends at SIGTERM. */
export const httpd = (text: string, port = 8080) =>
  `[sh, -c, "echo ${text} >/work/index.html; exec httpd -f -p ${port} -h /work"]`;

export async function get(port: number, path = "/"): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return (await answer.text()).trim();
}
