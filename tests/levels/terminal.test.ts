import { type Process, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { inside } from "../support/inside.js";
import { forEachLevel } from "../support/levels.js";
import { lackOfTerminals } from "../support/terminals.js";
import { eventually } from "../support/time.js";

/** Somebody at a terminal: types, and waits for what shows. */
class Screen {
  shown = "";

  constructor(readonly process: Process) {
    process.stdout?.on("data", (chunk: Buffer) => {
      this.shown += chunk.toString();
    });
  }

  type(keys: string): void {
    this.process.stdin?.write(keys);
  }

  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    return await eventually(
      `${pattern} in ${JSON.stringify(this.shown)}`,
      10_000,
      () => pattern.exec(this.shown) ?? undefined,
    );
  }
}

const SIZE = { rows: 33, cols: 101 };

await forEachLevel((level) => {
  const lack = lackOfTerminals(level);
  /** What a terminal does of its own. */
  const acts = (name: string, check: () => Promise<void>) =>
    test.skipIf(lack !== undefined)(lack === undefined ? name : `${name} (skipped: ${lack})`, check);

  async function terminal(sandbox: Sandbox, argv: readonly string[]): Promise<Screen> {
    return new Screen(await sandbox.exec(argv, { tty: SIZE, stdin: "pipe" }));
  }

  test("descriptors are a terminal with a tty, and not without", async () => {
    await using sandbox = await Sandbox.create({ level });
    const script = "for fd in 0 1 2; do [ -t $fd ] && printf tty || printf no; done";
    expect((await inside(sandbox, ["sh", "-c", script])).stdout).toBe("nonono");
    expect((await inside(sandbox, ["sh", "-c", script], { tty: SIZE })).stdout).toBe("ttyttytty");
  });

  test("its name is below /dev/pts of the sandbox's own", async () => {
    await using sandbox = await Sandbox.create({ level });
    expect((await inside(sandbox, ["tty"], { tty: SIZE })).stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
  });

  acts("it has the size that was asked for, and tells of another", async () => {
    await using sandbox = await Sandbox.create({ level });
    const screen = await terminal(sandbox, [
      "sh",
      "-c",
      "stty size; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done",
    ]);
    await screen.shows(/33 101\r\nready/);
    screen.process.resize({ rows: 50, cols: 200 });
    await screen.shows(/50 200/);
    screen.process.kill("SIGKILL");
    await screen.process.result;
  });

  acts("^C interrupts what is in the foreground, not the shell", async () => {
    await using sandbox = await Sandbox.create({ level });
    const screen = await terminal(sandbox, ["sh", "-i"]);
    screen.type("echo pid=$$\n");
    await screen.shows(/pid=\d+/);
    screen.type("sleep 1000\n");
    await screen.shows(/sleep 1000\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    screen.type("\u0003");
    screen.type("echo code=$?\n");
    await screen.shows(/code=130/);
    screen.type("exit 5\n");
    expect((await screen.process.result).exitCode).toBe(5);
  });

  acts("job control: stop, list, continue", async () => {
    await using sandbox = await Sandbox.create({ level });
    const screen = await terminal(sandbox, ["sh", "-i"]);
    screen.type("sleep 1000\n");
    await screen.shows(/sleep 1000\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    screen.type("\u001a");
    await screen.shows(/Stopped/);
    screen.type("bg\njobs\n");
    await screen.shows(/Running/);
    screen.type("kill %1; exit\n");
    await screen.process.result;
    expect(screen.shown).not.toContain("no job control");
  });

  acts("^D ends the input", async () => {
    await using sandbox = await Sandbox.create({ level });
    const screen = await terminal(sandbox, ["cat"]);
    screen.type("line\n");
    await screen.shows(/line\r\nline\r\n/);
    screen.type("\u0004");
    expect((await screen.process.result).exitCode).toBe(0);
  });

  test("two terminals are two", async () => {
    await using sandbox = await Sandbox.create({ level });
    const [one, other] = await Promise.all([terminal(sandbox, ["cat"]), terminal(sandbox, ["cat"])]);
    one.type("one\n");
    other.type("other\n");
    await Promise.all([one.shows(/one\r\none/), other.shows(/other\r\nother/)]);
    expect(one.shown).not.toContain("other");
  });
});
