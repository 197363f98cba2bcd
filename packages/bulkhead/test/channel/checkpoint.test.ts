import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Channel } from "../../src/channel/channel.js";
import type { ChannelStream } from "../../src/channel/stream.js";
import { BulkheadError } from "../../src/errors/bulkhead-error.js";
import type { Running } from "../../src/levels/driver.js";
import { plainPath, runPlain } from "../support/plain.js";

interface Told {
  readonly stream: ChannelStream;
  readonly text: () => string;
  readonly over: Promise<void>;
}

describe.skipIf(plainPath === undefined)("a checkpoint (cargo build -p bulkhead-init --example plain)", () => {
  let running: Running;
  let channel: Channel;

  beforeEach(() => {
    running = runPlain(plainPath ?? "");
    channel = new Channel(running.transport, () => undefined);
  });

  afterEach(async () => {
    channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    running.kill();
    await running.ended;
  });

  function shell(on: Channel, script: string): Told {
    let text = "";
    let stream: ChannelStream | undefined;
    const env = { PATH: "/usr/bin:/bin" };
    const over = new Promise<void>((done, failed) => {
      stream = on.open(
        { op: "exec", argv: ["sh", "-c", script], env, cwd: "/", stdin: "pipe" },
        {
          data: (fd, chunk) => {
            text += chunk.toString();
            stream?.consumed(fd, chunk.length);
          },
          result: () => done(),
          failed,
        },
      );
    });
    over.catch(() => undefined);
    if (stream === undefined) throw new Error("not opened");
    return { stream, text: () => text, over };
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(5);
  }

  it("stops every byte until it is over, and loses none", async () => {
    const talk = shell(channel, "while read -r line; do echo got $line; done");
    talk.stream.write(Buffer.from("one\n"), () => undefined);
    await until(() => talk.text() === "got one\n");
    const endSilence = await channel.checkpoint();
    let bytes = 0;
    running.transport.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    talk.stream.write(Buffer.from("two\n"), () => undefined);
    await sleep(150);
    expect([bytes, talk.text(), channel.ready]).toEqual([0, "got one\n", false]);
    endSilence();
    await until(() => talk.text() === "got one\ngot two\n");
    talk.stream.end();
    await talk.over;
  });

  it("lets another host begin anew with a restored copy", async () => {
    const old = shell(channel, "echo $$; sleep 60");
    await until(() => old.text() !== "");
    await channel.checkpoint();
    running.transport.removeAllListeners();
    channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    channel = new Channel(running.transport, () => undefined);
    const pid = Number(old.text());
    const look = shell(channel, `kill -0 ${pid} && echo alive; kill ${pid}`);
    await look.over;
    expect(look.text()).toBe("alive\n");
  });

  it("fails with the channel, and lets go of what waited", async () => {
    const talk = shell(channel, "cat");
    await channel.checkpoint();
    let flushed = 0;
    talk.stream.write(Buffer.from("x"), () => {
      flushed += 1;
    });
    channel.close(() => new BulkheadError("SANDBOX_CLOSED"));
    await expect(talk.over).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
    expect(flushed).toBe(1);
    await expect(channel.checkpoint()).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
  });
});
