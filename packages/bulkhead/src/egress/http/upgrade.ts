import { request as httpRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isRefusal, Refusal, reasonOf } from "../forward/refusal.js";
import type { Conversation } from "./conversation.js";
import { prepare } from "./exchange.js";
import { endToEnd } from "./headers.js";

/** Switches a connection to another protocol, only WebSocket: an unknown protocol cannot be limited. */
export async function upgrade(
  conversation: Conversation,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { note, budget, redactor } = conversation.parts;
  // At once, as after a CONNECT.
  if (head.length > 0) socket.unshift(head);
  const seen = { method: request.method ?? "", path: (request.url ?? "").split("?", 1)[0] ?? "" };
  try {
    if ((request.headers.upgrade ?? "").toLowerCase() !== "websocket")
      throw new Refusal("only WebSocket can be switched to");
    const { options, rule, secrets, reason } = prepare(conversation, request);
    // In a compressed answer an echoed secret could not be found.
    const headers = [...options.headers, "Connection", "Upgrade", "Upgrade", "websocket"];
    const plain = redactor.isIdle ? headers : without(headers, "sec-websocket-extensions");
    const outgoing = httpRequest({ ...options, headers: plain });
    const { response, outside, first } = await switched(outgoing);
    note({ ...seen, rule, refused: false, reason, secrets });
    socket.write(statusLine(response, redactor.text.bind(redactor)));
    outside.unshift(first);
    const covered = redactor.isIdle ? [] : [redactor.stream()];
    await Promise.all([
      pipeline(socket, budget.meter("out"), outside),
      pipeline([outside, ...covered, budget.meter("in"), socket]),
    ]);
  } catch (error) {
    note({
      ...seen,
      rule: error instanceof Refusal ? error.rule : null,
      refused: isRefusal(error),
      reason: reasonOf(error),
      secrets: [],
    });
    const status = error instanceof Refusal ? error.status : 502;
    if (socket.writable)
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else socket.destroy();
  }
}

async function switched(outgoing: ReturnType<typeof httpRequest>) {
  return await new Promise<{ response: IncomingMessage; outside: Duplex; first: Buffer }>((resolve, reject) => {
    outgoing.once("upgrade", (response, outside, first) => resolve({ response, outside, first }));
    outgoing.once("response", (response) => {
      response.destroy();
      reject(
        new Refusal("the host did not switch protocols", {
          status: response.statusCode === 101 ? 502 : (response.statusCode ?? 502),
        }),
      );
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}

function statusLine(response: IncomingMessage, redact: (text: string) => string): string {
  const headers = endToEnd(response.rawHeaders).map(([name, value]) => `${redact(name)}: ${redact(value)}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers.join("")}\r\n`;
}

function without(raw: readonly string[], header: string): string[] {
  return raw.filter((_value, index) => raw[index - (index % 2)]?.toLowerCase() !== header);
}
