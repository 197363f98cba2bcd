import { join } from "../../../src/channel/join.js";
import type { Allowed, Ask, Attempt, Gate, Verdict } from "../../../src/egress/gate.js";
import { duplexPair } from "../../support/duplex-pair.js";

/** A gate that lets one name through, to an echo; it writes down what it was asked. */
export class EchoGate implements Gate {
  readonly asked: Ask[] = [];

  async decide(ask: Ask): Promise<Verdict> {
    this.asked.push(ask);
    return ask.host === "allowed.example"
      ? { allowed: true, rule: "allowed.example", name: ask.host, addresses: ["192.0.2.1"], intercept: false }
      : { allowed: false, reason: "no rule allows it", rule: null };
  }

  async forward(...[, , inside, head, connected]: Parameters<Gate["forward"]>): Promise<void> {
    const [outside, echo] = duplexPair();
    echo.pipe(echo);
    connected?.();
    if (head.length > 0) outside.write(head);
    await join(inside, outside);
  }

  async request(...[ask, verdict, request, response]: Parameters<Gate["request"]>): Promise<void> {
    response.end(`${request.method} ${(verdict satisfies Allowed).name}${ask.path}\n`);
  }

  readonly refusals: Attempt[] = [];
  refused(attempt: Attempt): void {
    this.refusals.push(attempt);
  }

  resolveInside(): null {
    return null;
  }

  nameOf(): null {
    return null;
  }
}

/**
 * A connection that `serve` is given the other end of: what `bytes` brings back until it closes or says nothing for a
 * while.
 */
export async function exchange(
  serve: (client: ReturnType<typeof duplexPair>[0]) => unknown,
  ...pieces: readonly (Uint8Array | string)[]
): Promise<string> {
  const [client, inside] = duplexPair();
  void serve(inside);
  const received: Buffer[] = [];
  client.on("error", () => undefined);
  client.on("data", (chunk: Buffer) => received.push(chunk));
  for (const piece of pieces) {
    client.write(piece);
    await quiet();
  }
  await quiet();
  inside.destroy();
  return Buffer.concat(received).toString("latin1");
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
