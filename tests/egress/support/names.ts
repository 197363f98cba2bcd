import { createSocket } from "node:dgram";
import { once } from "node:events";
import { answerTo, Code, readQuery, Type } from "../../../packages/bulkhead/src/egress/inside/dns/message.js";

/** A name server of the tests' own: nothing of the internet's names, and answers that can change. */
export class Names implements AsyncDisposable {
  readonly #socket = createSocket("udp4");
  /** In order: each query takes the next one, the last stays. */
  readonly #addresses: Map<string, string[]>;
  readonly asked: string[] = [];

  private constructor(addresses: Readonly<Record<string, readonly string[]>>) {
    this.#addresses = new Map(Object.entries(addresses).map(([name, list]) => [name, [...list]]));
    this.#socket.on("message", (message, from) => {
      const question = readQuery(message);
      if (question === undefined) return;
      this.asked.push(question.name);
      const list = this.#addresses.get(question.name);
      const address = question.type === Type.a ? ((list?.length ?? 0) > 1 ? list?.shift() : list?.[0]) : undefined;
      this.#socket.send(
        answerTo(question, list === undefined ? Code.nameError : Code.none, address),
        from.port,
        from.address,
      );
    });
  }

  static async start(
    addresses: Readonly<Record<string, readonly string[]>>,
    { address = "127.0.0.1", port = 0 } = {},
  ): Promise<Names> {
    const names = new Names(addresses);
    names.#socket.bind(port, address);
    await once(names.#socket, "listening");
    return names;
  }

  /** For the option `resolver`. */
  get servers(): readonly string[] {
    return [`127.0.0.1:${this.#socket.address().port}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
