import { type Policy, run, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { shell } from "../support/inside.js";
import { exceptAt } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { lackOfTerminals } from "../support/terminals.js";
import { eventually, ms } from "../support/time.js";

const THREADED = `
#include <pthread.h>
#include <stdio.h>
static void *work(void *argument) { *(long *)argument *= 2; return 0; }
int main(void) {
  pthread_t threads[8]; long values[8], sum = 0;
  for (long i = 0; i < 8; i++) { values[i] = i; if (pthread_create(&threads[i], 0, work, &values[i])) return 1; }
  for (int i = 0; i < 8; i++) { pthread_join(threads[i], 0); sum += values[i]; }
  printf("%ld\\n", sum);
}
`;

const SERVER = `
import socket, threading
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
def serve():
    peer, _ = server.accept(); peer.sendall(peer.recv(100).upper()); peer.close()
threading.Thread(target=serve).start()
client = socket.create_connection(server.getsockname()); client.sendall(b"over loopback"); print(client.recv(100).decode())
`;

await exceptAt({ microvm: "its programs are those of `root: host`, which a guest has not" })((level) => {
  const policy: Policy = {
    level,
    root: "host",
    resources: { memory: "1GiB", pids: 128, time: ms(60_000), disk: "256MiB" },
  };

  /** Runs only where the host has the program in its system directories, which is what the sandbox sees. */
  function program(name: string, title: string, body: () => Promise<void>, lack?: string): void {
    const path = findProgram(name);
    const inSystem = path !== undefined || name === "sh";
    const skipped = lack === undefined ? "" : ` (skipped: ${lack})`;
    test.skipIf(!inSystem || lack !== undefined)(`${name}: ${title}${skipped}`, body, ms(120_000));
  }

  async function output(script: string): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await run(["/bin/sh", "-c", script], policy);
    expect({ exitCode, signal, stderr }).toMatchObject({ exitCode: 0 });
    return stdout;
  }

  program("perl", "computes", async () => expect(await output("perl -e 'print 6*7'")).toBe("42"));

  program("node", "computes, uses threads and the file system", async () => {
    const script =
      'require("fs").writeFileSync("x","y"); const{Worker}=require("worker_threads"); new Worker("require(\\"worker_threads\\").parentPort.postMessage(6*7)",{eval:true}).on("message",console.log)';
    expect(await output(`node -e '${script}'`)).toBe("42\n");
  });

  program("python3", "a server and its client over loopback", async () => {
    await using sandbox = await Sandbox.create(policy);
    await sandbox.files.write("/work/server.py", SERVER);
    const { stdout, stderr } = await shell(sandbox, "/usr/bin/python3 server.py");
    expect(stdout, stderr).toBe("OVER LOOPBACK\n");
  });

  program("python3", "subprocesses and multiprocessing", async () => {
    const code =
      "import subprocess, multiprocessing as m; print(subprocess.check_output(['echo','sub']).decode().strip(), m.get_context('fork').Pool(2).map(abs, [-1,-2]))";
    expect(await output(`/usr/bin/python3 -c "${code}"`)).toBe("sub [1, 2]\n");
  });

  program("gcc", "builds and runs a threaded program", async () => {
    await using sandbox = await Sandbox.create(policy);
    await sandbox.files.write("/work/threads.c", THREADED);
    const { stdout, stderr } = await shell(sandbox, "gcc -O2 -pthread threads.c -o threads && ./threads");
    expect(stdout, stderr).toBe("56\n");
  });

  program("git", "init, commit, log", async () => {
    const script =
      "git init -q repo && cd repo && git config user.email a@b && git config user.name n && echo x > f && git add f && git commit -qm first && git log --format=%s";
    expect(await output(script)).toBe("first\n");
  });

  program("tar", "packs and unpacks", async () => {
    expect(
      await output("mkdir d && echo x > d/f && ln -s f d/l && tar czf d.tgz d && rm -r d && tar xzf d.tgz && cat d/l"),
    ).toBe("x\n");
  });

  program(
    "bash",
    "job control on a terminal",
    async () => {
      await using sandbox = await Sandbox.create(policy);
      const process = await sandbox.exec(["/bin/bash", "--norc", "-i"], {
        tty: { rows: 24, cols: 80 },
        stdin: "pipe",
        env: { PS1: "ready> " },
      });
      let shown = "";
      process.stdout?.on("data", (chunk: Buffer) => {
        shown += chunk.toString();
      });
      const waitFor = (pattern: RegExp) =>
        eventually(`${pattern} in ${JSON.stringify(shown)}`, 10_000, () => pattern.test(shown));
      await waitFor(/ready> /);
      process.stdin?.write("sleep 1000\n");
      await waitFor(/sleep 1000\r\n/);
      await new Promise((resolve) => setTimeout(resolve, ms(300)));
      process.stdin?.write("\u001a");
      await waitFor(/Stopped/);
      process.stdin?.write("bg; jobs\n");
      await waitFor(/Running/);
      process.stdin?.write("kill %1; wait; exit 4\n");
      expect((await process.result).exitCode).toBe(4);
      expect(shown).not.toMatch(/no job control|cannot set terminal/);
    },
    lackOfTerminals(level),
  );

  test("the host's secrets are not there", async () => {
    expect(await output("cat /etc/shadow /etc/gshadow 2>/dev/null; ls /root /home 2>/dev/null; true")).toBe("");
    expect(Number(await output("wc -l < /etc/passwd"))).toBeLessThan(10);
  });
});
