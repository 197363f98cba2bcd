import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import type { Decision } from "../decision.js";
import type { Budget } from "../forward/budget.js";
import { Refusal } from "../forward/refusal.js";
import type { LoadedSecret } from "../secrets/load.js";
import type { Redactor } from "../secrets/redact.js";

/** Outcome of one request. */
export interface RequestNote {
  /** Null: not a request. */
  readonly method: string | null;
  readonly path: string | null;
  readonly rule: string | null;
  /** Whether it was refused; a failed one was allowed. */
  readonly refused: boolean;
  readonly reason: string | null;
  readonly secrets: readonly string[];
}

/** The requests of one connection from inside, and the connections that answer them. */
export interface ConversationParts {
  readonly decision: Decision;
  readonly scheme: "http" | "https";
  /** Connects to the permitted addresses, with TLS if the scheme is https. */
  readonly connect: () => Promise<Duplex>;
  /** Returns the rule that allows a request. Throws a Refusal. */
  readonly permit: (method: string, path: string) => string;
  readonly note: (note: RequestNote) => void;
  readonly budget: Budget;
  readonly secrets: readonly LoadedSecret[];
  readonly redactor: Redactor;
}

export class Conversation {
  readonly parts: ConversationParts;
  readonly agent: Agent;

  constructor(parts: ConversationParts) {
    this.parts = parts;
    this.agent = new PinnedAgent(parts.connect);
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Takes connections only from here. One at a time, because a client has one, too. */
class PinnedAgent extends Agent {
  #connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#connect = connect;
  }

  /** Requests that are not sent yet are dropped: otherwise each would now open its own connection. */
  override destroy(): void {
    this.#connect = async () => await Promise.reject(new Refusal("the client went away", { status: 502 }));
    super.destroy();
  }

  override keepSocketAlive(stream: Duplex): boolean {
    // Node's types omit the result: whether the connection is kept.
    return !stream.readableEnded && Boolean(super.keepSocketAlive(stream) as unknown);
  }

  #isFree(stream: Duplex): boolean {
    return Object.values(this.freeSockets).some(
      (free) => free?.some((socket) => (socket as Duplex) === stream) === true,
    );
  }

  override createConnection(_options: unknown, created?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connect().then(
      (stream) => {
        // A host may end its half at any time. A request that waits for it would only be reset.
        stream.once("end", () => {
          if (this.#isFree(stream)) stream.destroy();
        });
        created?.(null, stream);
      },
      // Node treats the stream as missing if there is an error.
      (error: unknown) =>
        (created as ((error: Error) => void) | undefined)?.(error instanceof Error ? error : new Error("failed")),
    );
    return undefined;
  }
}
