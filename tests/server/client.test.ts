import { run as runHere } from "bulkhead";
import { ApiError, Bulkhead } from "bulkhead-server/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "./support/server.js";

let server: TestServer;
let close: () => Promise<void>;
let remote: Bulkhead;

beforeAll(async () => {
  ({ server, close } = await startServer("client"));
  remote = new Bulkhead({ url: `${server.url}/`, token: server.token });
});

afterAll(async () => await close());

describe("the client", () => {
  it("runs a program with the result that the library has on this machine", async () => {
    const argv = ["sh", "-c", "cat; printf '\\377\\000'; echo no >&2; exit 3"];
    const options = { input: Buffer.from([0, 255, 10]) };
    const { run } = remote;
    const [there, here] = [await run(argv, {}, options), await runHere(argv, {}, options)];
    for (const name of ["exitCode", "signal", "stdout", "stderr", "timedOut", "oomKilled", "level"] as const) {
      expect([name, there[name]]).toEqual([name, here[name]]);
    }
    expect(there.stdoutBytes).toEqual(here.stdoutBytes);
    expect(there.enforcement).toEqual(JSON.parse(JSON.stringify(here.enforcement)));
  });

  it("passes output on as it comes", async () => {
    const pieces: string[] = [];
    await remote.run(
      ["sh", "-c", "echo a; sleep 0.2; echo b"],
      {},
      { onStdout: (bytes) => pieces.push(String(bytes)) },
    );
    expect(pieces).toEqual(["a\n", "b\n"]);
  });

  it("uses a sandbox, its files, and its time limits", async () => {
    const sandbox = await remote.Sandbox.create({}, { ttlMs: 60_000 });
    await sandbox.files.mkdir("/work/d");
    await sandbox.files.write("/work/d/a", "text");
    expect(await sandbox.files.readText("/work/d/a")).toBe("text");
    expect((await sandbox.files.list("/work/d")).map(({ name }) => name)).toEqual(["a"]);
    expect((await sandbox.run(["cat", "d/a"])).stdout).toBe("text");
    expect(await sandbox.run(["sleep", "1000"], { timeoutMs: 200 })).toMatchObject({ timedOut: true });
    await sandbox.files.remove("/work/d", { recursive: true });
    await sandbox.extend(120_000);
    await sandbox.close();
    await expect(sandbox.run(["id"])).rejects.toMatchObject({ code: "SANDBOX_CLOSED", status: 409 });
  });

  it("throws the server's error with its code and remedy, from a stream too", async () => {
    const refused = await remote.run(["id"], { level: "chroot" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ code: "FLOOR_VIOLATED", status: 403, remedy: expect.stringContaining("field") });
    const stranger = new Bulkhead({ url: server.url, token: "none" });
    await expect(stranger.run(["id"])).rejects.toMatchObject({ code: "TOKEN_REFUSED", status: 401 });
  });
});
