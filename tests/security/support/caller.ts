import { randomBytes } from "node:crypto";
import type { Plan } from "bulkhead";
import { type Message, Peer } from "../../support/broker-peer.js";

/** What became of a launch. */
export interface Verdict {
  readonly type: "launched" | "refused";
  readonly code?: string;
  readonly detail?: string;
}

/** A user of a system broker who speaks the protocol by hand, and so can say what the library never would. */
export class Caller implements AsyncDisposable {
  readonly #channels: Peer[] = [];

  private constructor(
    readonly socket: string,
    readonly user: { readonly uid: number; readonly gid: number } | undefined,
    readonly control: Peer,
    readonly session: string,
  ) {}

  /** Connects; undefined when the broker does not want this user. */
  static async connect(
    socket: string,
    user?: { readonly uid: number; readonly gid: number },
  ): Promise<Caller | undefined> {
    const control = new Peer(socket, user);
    control.send({ type: "control" });
    const hello = await control.next(({ type }) => type === "hello");
    const session = hello?.["session"];
    if (typeof session === "string") return new Caller(socket, user, control, session);
    await control[Symbol.asyncDispose]();
    return undefined;
  }

  /**
   * Sends a plan, or something that claims to be one, and waits for the verdict. Null: the broker hung up without one.
   */
  async launch(plan: unknown, session = this.session): Promise<Verdict | null> {
    const id = (plan as { id?: unknown } | null)?.id;
    const channel = new Peer(this.socket, this.user);
    channel.ignoreAnswers();
    this.#channels.push(channel);
    channel.send({ type: "launch", session, plan });
    const isVerdict = (message: Message) =>
      (message.type === "launched" || message.type === "refused") &&
      (message["id"] === id || message["id"] === null || message["id"] === undefined);
    const verdict = await Promise.race([
      this.control.next(isVerdict),
      channel.closed.then(() => this.#late(isVerdict)),
    ]);
    if (verdict === undefined) return null;
    const error = verdict["error"] as { code?: string; detail?: string } | undefined;
    return { type: verdict.type as Verdict["type"], ...error };
  }

  async ask(type: string, id: string): Promise<Message | undefined> {
    const seq = randomBytes(4).readUInt32BE();
    this.control.send({ type, seq, id });
    return await this.control.next((message) => message.type === "reply" && message["seq"] === seq);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels) await channel[Symbol.asyncDispose]();
    await this.control[Symbol.asyncDispose]();
  }

  /** The channel is closed, and what the broker has to say may still be on its way over the other connection. */
  async #late(isVerdict: (message: Message) => boolean): Promise<Message | undefined> {
    return await this.control.next(isVerdict, 1000).catch(() => undefined);
  }
}

/** A plan under an id of its own, changed as the attack wants it. */
export function variant(plan: Plan, change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...structuredClone(plan), id: `t${randomBytes(8).toString("hex")}`, ...change };
}
