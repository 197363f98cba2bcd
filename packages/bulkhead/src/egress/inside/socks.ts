import type { Duplex } from "node:stream";
import type { Gate } from "../gate.js";
import { ByteReader } from "./read-bytes.js";
import { HANDSHAKE_MS } from "./times.js";

/** RFC 1928. */
const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_METHOD = 0xff;
const CONNECT = 1;
const Address = { ipv4: 1, name: 3, ipv6: 4 } as const;
const Reply = { done: 0, failed: 1, denied: 2, unreachable: 4, command: 7, address: 8 } as const;

/**
 * SOCKS5 for one client inside: CONNECT only, and the gate resolves the name. No authentication: a client that can
 * reach the port is already inside. Any other request ends the connection.
 */
export async function serveSocks(gate: Gate, client: Duplex): Promise<void> {
  const timer = setTimeout(() => client.destroy(), HANDSHAKE_MS);
  const reader = new ByteReader(client);
  try {
    const target = await handshake(reader, client);
    if (typeof target === "string") {
      gate.refused({ via: "socks", reason: target });
      client.end();
      return;
    }
    const ask = { via: "socks", ...target } as const;
    // The client has sent its request; the decision may take a person.
    clearTimeout(timer);
    const verdict = await gate.decide(ask);
    if (!verdict.allowed) {
      client.end(reply(Reply.denied));
      return;
    }
    let said = false;
    await gate.forward(ask, verdict, client, new Uint8Array(0), () => {
      said = true;
      client.write(reply(Reply.done));
    });
    if (!said && !client.destroyed) client.end(reply(Reply.unreachable));
  } catch {
    client.destroy();
  } finally {
    clearTimeout(timer);
  }
}

/** @returns the destination; or why the request was refused, which the client already knows */
async function handshake(
  reader: ByteReader,
  client: Duplex,
): Promise<{ readonly host: string; readonly port: number } | string> {
  const [version, count = 0] = await reader.take(2);
  if (version !== VERSION) return "not SOCKS5";
  if (!(await reader.take(count)).includes(NO_AUTHENTICATION)) {
    client.write(Buffer.of(VERSION, NO_METHOD));
    return "no method of authentication but none is known";
  }
  client.write(Buffer.of(VERSION, NO_AUTHENTICATION));
  const [again, command, reserved, kind = 0] = await reader.take(4);
  if (again !== VERSION || reserved !== 0) return "not SOCKS5";
  const host = await hostOf(reader, kind);
  const port = host === undefined ? 0 : (await reader.take(2)).readUInt16BE(0);
  if (command !== CONNECT || host === undefined || port === 0) {
    client.write(reply(command !== CONNECT ? Reply.command : host === undefined ? Reply.address : Reply.failed));
    return command !== CONNECT ? "only CONNECT is known" : host === undefined ? "not a host" : "not a port";
  }
  return { host, port };
}

async function hostOf(reader: ByteReader, kind: number): Promise<string | undefined> {
  switch (kind) {
    case Address.ipv4:
      return [...(await reader.take(4))].join(".");
    case Address.ipv6: {
      const bytes = await reader.take(16);
      return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(":");
    }
    case Address.name: {
      const [length = 0] = await reader.take(1);
      // One character for each byte: the gate refuses anything that is not ASCII.
      return length === 0 ? undefined : (await reader.take(length)).toString("latin1");
    }
    default:
      return undefined;
  }
}

/** The address we are bound to stays hidden from the sandbox. */
function reply(code: number): Buffer {
  return Buffer.of(VERSION, code, 0, Address.ipv4, 0, 0, 0, 0, 0, 0);
}
