import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** `python3 FILE PORT`: answers each message of a WebSocket with the same, and plain HTTP with `plain`. */
export const WEBSOCKET_SERVER = `
import base64, hashlib, socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        fields = (line.decode().partition(":") for line in iter(self.rfile.readline, b"\\r\\n"))
        head = {name.lower(): value.strip() for name, _, value in fields}
        if head.get("upgrade") != "websocket":
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nplain\\n")
            return
        accept = base64.b64encode(hashlib.sha1((head["sec-websocket-key"] + "${GUID}").encode()).digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n")
        self.wfile.write(b"Sec-WebSocket-Accept: " + accept + b"\\r\\n\\r\\n")
        while True:
            first, second = self.rfile.read(2)
            size = second & 127
            length = self.rfile.read(2) if size == 126 else b""
            mask = self.rfile.read(4)
            body = self.rfile.read(int.from_bytes(length, "big") if length else size)
            self.wfile.write(bytes([first, size]) + length + bytes(one ^ mask[at % 4] for at, one in enumerate(body)))
            if first & 15 == 8: return
socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
`;

/** A client of RFC 6455, as small as one can be: short text messages in one frame each. */
export class WebSocketClient implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => socket.destroy());
  }

  static async open(address: string, port: number): Promise<WebSocketClient> {
    const socket = connect({ host: address, port });
    await once(socket, "connect");
    const client = new WebSocketClient(socket);
    const key = randomBytes(16).toString("base64");
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${address}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    const end = await client.#until((bytes) => bytes.indexOf("\r\n\r\n") + 4, 4);
    const head = client.#take(end).toString("latin1");
    const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
    if (!head.startsWith("HTTP/1.1 101 ") || !head.includes(`Sec-WebSocket-Accept: ${accept}\r\n`))
      throw new Error(head);
    return client;
  }

  /** Sends a text of at most 65,535 bytes, and gives what comes back. */
  async echo(text: string): Promise<string> {
    const payload = Buffer.from(text);
    const mask = randomBytes(4);
    const length = payload.length < 126 ? [] : [payload.length >> 8, payload.length & 255];
    const head = Buffer.of(0x81, 0x80 | Math.min(payload.length, 126), ...length);
    this.#socket.write(Buffer.concat([head, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]));
    await this.#until((bytes) => bytes.length, 2);
    const [, size = 0] = this.#bytes;
    const from = size === 126 ? 4 : 2;
    await this.#until((bytes) => bytes.length, from);
    const end = from + (size === 126 ? this.#bytes.readUInt16BE(2) : size);
    await this.#until((bytes) => bytes.length, end);
    return this.#take(end).toString("utf8", from);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #until(measure: (bytes: Buffer) => number, least: number): Promise<number> {
    while (measure(this.#bytes) < least) {
      const [chunk] = (await Promise.race([
        once(this.#socket, "data"),
        once(this.#socket, "close").then(() => Promise.reject(new Error("it closed"))),
      ])) as [Buffer];
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    }
    return measure(this.#bytes);
  }

  #take(end: number): Buffer {
    const taken = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return taken;
  }
}
