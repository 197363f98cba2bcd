import { randomBytes } from "node:crypto";
import { createSocket, type Socket as Datagram } from "node:dgram";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";

/** Servers of the test's own on the host: what reaches one of them came out of a sandbox. */
export class Listeners implements AsyncDisposable {
  readonly #touched: string[] = [];

  private constructor(
    private readonly tcp: Server,
    private readonly local: Server,
    private readonly udp: Datagram,
    /** Of the abstract socket, without the NUL in front. */
    readonly abstractName: string,
  ) {}

  static async start(): Promise<Listeners> {
    const name = `bulkhead-test-${randomBytes(8).toString("hex")}`;
    const listeners = new Listeners(createServer(), createServer(), createSocket("udp4"), name);
    await listeners.#listen();
    return listeners;
  }

  get tcpPort(): number {
    return portOf(this.tcp.address());
  }

  get udpPort(): number {
    return portOf(this.udp.address());
  }

  /** Addresses of this host that are not loopback, of both families. */
  get hostAddresses(): readonly string[] {
    return Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter((one) => !one.internal && !one.address.startsWith("fe80"))
      .map((one) => one.address);
  }

  /** Throws when anything connected or arrived. */
  assertUntouched(): void {
    if (this.#touched.length > 0) throw new Error(`reached from inside: ${this.#touched.join(", ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      new Promise((resolve) => this.tcp.close(resolve)),
      new Promise((resolve) => this.local.close(resolve)),
      new Promise<void>((resolve) => this.udp.close(resolve)),
    ]);
  }

  async #listen(): Promise<void> {
    for (const [what, server] of [
      ["TCP", this.tcp],
      ["abstract socket", this.local],
    ] as const) {
      server.on("connection", (socket) => {
        this.#touched.push(what);
        socket.destroy();
      });
    }
    this.udp.on("message", () => this.#touched.push("UDP"));
    await new Promise<void>((resolve) => this.tcp.listen(0, "0.0.0.0", resolve));
    await new Promise<void>((resolve) => this.local.listen(`\0${this.abstractName}`, resolve));
    await new Promise<void>((resolve) => this.udp.bind(0, "0.0.0.0", resolve));
  }
}

function portOf(address: ReturnType<Server["address"]>): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
