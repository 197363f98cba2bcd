import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { freshId } from "../../src/broker/fresh-id.js";
import { FirecrackerApi } from "../../src/levels/microvm/firecracker/api.js";

const open: { close(): unknown }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** A server that answers each request with the next of `answers`, and keeps what was asked. */
async function connected(...answers: string[]) {
  const name = `\0bulkhead-test-${freshId()}`;
  const asked: string[] = [];
  const peer = new Promise<Socket>((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        asked.push(chunk.toString());
        const answer = answers.shift();
        if (answer !== undefined) socket.write(answer);
      });
      resolve(socket);
    }).listen(name);
    open.push(server);
  });
  const api = new FirecrackerApi(connect({ path: name }));
  open.push(api);
  return { api, asked, theirs: await peer };
}

const NO_CONTENT = "HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n";

function withBody(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

describe("Firecracker's API", () => {
  it("sends requests one after the other over one connection", async () => {
    const { api, asked } = await connected(NO_CONTENT, withBody("200 OK", '{"state":"Running"}'));
    const [first, second] = await Promise.all([api.put("/vsock", { guest_cid: 3 }), api.call("GET", "/")]);
    expect(first).toEqual({});
    expect(second).toEqual({ state: "Running" });
    expect(asked.join("")).toContain("PUT /vsock HTTP/1.1");
    expect(asked.join("")).toContain('{"guest_cid":3}');
  });

  it("gives Firecracker's own reason for a refusal", async () => {
    const { api } = await connected(
      withBody("400 Bad Request", '{"fault_message":"The kernel file cannot be opened"}'),
    );
    await expect(api.put("/boot-source", {})).rejects.toMatchObject({
      code: "VMM_FAILED",
      operation: "PUT /boot-source",
      detail: "The kernel file cannot be opened",
    });
  });

  it.each([
    ["not HTTP", "hello\r\n\r\n", "VMM_FAILED"],
    ["headers without end", `HTTP/1.1 204 \r\n${"X: y\r\n".repeat(5000)}`, "VMM_FAILED"],
    ["a body that is no object", withBody("200 OK", "[1]"), "VMM_PROTOCOL_VIOLATION"],
    ["a body without end", withBody("200 OK", "x".repeat(100_000)), "VMM_PROTOCOL_VIOLATION"],
  ])("fails: %s", async (_name, answer, code) => {
    const { api } = await connected(answer);
    await expect(api.call("GET", "/")).rejects.toMatchObject({ code });
  });

  it("fails what waits when the connection ends", async () => {
    const { api, theirs } = await connected();
    const answer = api.call("GET", "/");
    setTimeout(() => theirs.destroy(), 5);
    await expect(answer).rejects.toMatchObject({ code: "VMM_FAILED" });
  });
});
