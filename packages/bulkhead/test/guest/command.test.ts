import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { command } from "../../src/guest/command.js";

/** What has ended, but was not waited for, has no command line. */
const commandLine = (pid: number) => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, "latin1") : "");

describe("a command", () => {
  test("that is aborted ends with all that it started", async () => {
    const abort = new AbortController();
    let started = 0;
    const onLine = (line: string) => {
      if (line === "") return;
      started = Number(line);
      abort.abort();
    };
    const running = command("sh", ["-c", "sleep 1000 & echo $!; wait"], { onLine, signal: abort.signal });
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    await vi.waitFor(() => expect(commandLine(started)).toBe(""));
  });

  test("is not started once it is aborted", async () => {
    const never = command("/nonexistent/program", [], { signal: AbortSignal.abort() });
    await expect(never).rejects.toMatchObject({ code: "ABORTED" });
  });
});
