/** Sockets that listen before a program starts, which finds them as sd_listen_fds(3) says. */

import { connect } from "node:net";
import { constants } from "node:os";
import { Sandbox } from "bulkhead";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forEachLevel } from "../support/levels.js";

/** The variables, and then the descriptors: the last one is of `ls` itself. */
const SHOW =
  'test "$LISTEN_PID" = $$ && echo mine; echo "$LISTEN_FDS $LISTEN_FDNAMES"; readlink /proc/$$/fd/3; readlink /proc/$$/fd/4; exec ls /proc/self/fd';

await forEachLevel((level) => {
  describe("sockets that listen before the program starts", () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.create({ level });
    });
    afterAll(() => sandbox.kill());

    test("are the only descriptors above 2, and belong to the program that the variables name", async () => {
      const env = { LISTEN_FDS: "7", LISTEN_FDNAMES: "forged", LISTEN_PID: "1" };
      const listen = [
        { name: "http", port: 80 },
        { name: "admin", port: 8081 },
      ];
      const { stdout, stderr } = await sandbox.run(["sh", "-c", SHOW], { env, listen });
      expect(stdout.replace(/socket:.*/g, "socket").split("\n")).toEqual([
        "mine",
        "2 http:admin",
        "socket",
        "socket",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "",
      ]);
      expect(stderr).toBe("");
      expect((await sandbox.run(["ls", "/proc/self/fd"])).stdout).toBe("0\n1\n2\n3\n");
    });

    test("are there with a terminal, too", async () => {
      const listen = [{ name: "one", port: 9000 }];
      const options = { tty: { rows: 24, cols: 80 }, listen, buffer: true } as const;
      const shown = await sandbox.exec(["sh", "-c", "readlink /proc/$$/fd/3; test -t 0 && echo terminal"], options);
      expect((await shown.result).stdout).toMatch(/^socket:.*\r\nterminal\r\n$/);
    });

    test("take connections before the program accepts any", async () => {
      const program = await sandbox.exec(["sleep", "60"], { listen: [{ name: "slow", port: 9001 }] });
      await using exposed = await sandbox.expose(9001);
      const socket = connect(exposed.port, exposed.address);
      const closed = new Promise<string>((resolve) => socket.on("close", () => resolve("closed")).on("error", () => 0));
      const waits = new Promise<string>((resolve) => setTimeout(() => resolve("waits"), 1_000));
      expect(await Promise.race([closed, waits])).toBe("waits");
      program.kill("SIGKILL");
      await program.result;
      expect(await closed).toBe("closed");
    });

    test("end with their program: a port that is taken is refused, and nothing starts", async () => {
      const listen = [{ name: "taken", port: 9002 }];
      const first = await sandbox.exec(["sleep", "60"], { listen });
      const { error, exitCode } = await sandbox.run(["touch", "/tmp/started"], { listen });
      expect(error).toMatchObject({ code: "EXEC_FAILED", operation: "bind", errno: constants.errno.EADDRINUSE });
      expect(exitCode).toBe(126);
      expect((await sandbox.run(["test", "-e", "/tmp/started"])).exitCode).toBe(1);
      first.kill("SIGKILL");
      await first.result;
      expect((await sandbox.run(["true"], { listen })).exitCode).toBe(0);
    });
  });
});
