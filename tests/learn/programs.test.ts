import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { loadPolicy, type Policy, run } from "bulkhead";
import { learn, saveLearned } from "bulkhead/learn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gitRepository } from "../egress/support/git-repository.js";
import { Names } from "../egress/support/names.js";
import { pythonIndex } from "../egress/support/python-index.js";
import { type Served, serveHttp } from "../egress/support/servers.js";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";

interface Job {
  /** What has to be on this machine, as `root: host` shows it. */
  readonly program: string;
  readonly script: string;
  readonly stdout: string;
  readonly network?: true;
}

/** Real programs with real work: what is learned of one run has to do for the next one. */
const JOBS: Readonly<Record<string, Job>> = {
  "python3 with a database and a child": {
    program: "/usr/bin/python3",
    script: `python3 -c '
import json, sqlite3, subprocess, tempfile, threading
with tempfile.TemporaryDirectory() as d:
    db = sqlite3.connect(d + "/a.db"); db.execute("create table t (n)")
    db.executemany("insert into t values (?)", [(n,) for n in range(100)]); db.commit()
    t = threading.Thread(target=lambda: None); t.start(); t.join()
    print(json.dumps(db.execute("select sum(n) from t").fetchone()), subprocess.check_output(["/usr/bin/expr", "6", "*", "7"]).decode().strip())'`,
    stdout: "[4950] 42\n",
  },
  "node with files and a timer": {
    program: process.execPath,
    script: `node -e 'const fs = require("node:fs"); fs.writeFileSync("a", "node"); setTimeout(() => console.log(fs.readFileSync("a", "utf8")), 10)'`,
    stdout: "node\n",
  },
  perl: {
    program: "/usr/bin/perl",
    script: `perl -MPOSIX -e 'open F, ">", "f"; print F join "\\n", reverse 1..9; close F; print strftime("%Y", gmtime 0), " ", scalar(() = \`sort f\`), "\\n"'`,
    stdout: "1970 9\n",
  },
  "git with a repository of its own": {
    program: "/usr/bin/git",
    script:
      "git init -q r && cd r && git config user.email a@b && git config user.name a && echo x > f && git add f && git commit -qm one && git log --format=%s && git gc -q && git fsck",
    stdout: "one\n",
  },
  "gcc and make": {
    program: "/usr/bin/gcc",
    script: `printf 'int puts(const char *); int main(void) { puts("made"); return 0; }' > a.c && printf 'a: a.c\\n\\tgcc -O1 -o a a.c\\n' > Makefile && make -s && ./a`,
    stdout: "made\n",
  },
  "tar and gzip": {
    program: "/usr/bin/tar",
    script: "mkdir d && seq 1000 > d/f && tar -czf d.tgz d && rm -r d && tar -xzf d.tgz && tail -n 1 d/f",
    stdout: "1000\n",
  },
  "awk, sed and sort in a pipe": {
    program: "/usr/bin/awk",
    script: `seq 20 | awk '{ print $1 % 7 }' | sort -n | uniq -c | sed 's/^ *//' | tail -n 1`,
    stdout: "3 6\n",
  },
  openssl: {
    program: "/usr/bin/openssl",
    script:
      "openssl genpkey -algorithm ed25519 -out k 2>/dev/null && openssl pkey -in k -pubout | head -n 1 && printf x | openssl dgst -sha256 -r",
    stdout: "-----BEGIN PUBLIC KEY-----\n2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 *stdin\n",
  },
  "curl through the proxy": {
    program: "/usr/bin/curl",
    script: "curl -sS -m 30 http://index.test:$PORT/text",
    stdout: "some text\n",
    network: true,
  },
  "git clone over HTTP": {
    program: "/usr/bin/git",
    script:
      "git clone -q http://index.test:$PORT/repository.git c && ls c | head -n 1 && git -C c log --format=%s | head -n 1",
    stdout: "README\none\n",
    network: true,
  },
  "pip from an index": {
    program: "/usr/lib/python3/dist-packages/pip",
    script:
      "python3 -m pip install -q --disable-pip-version-check --no-cache-dir --no-compile --retries 0 --trusted-host index.test --target p --index-url http://index.test:$PORT/simple/ bulkheadprobe && PYTHONPATH=p python3 -c 'import bulkheadprobe'",
    stdout: "installed and imported\n",
    network: true,
  },
  "python3 by name, with no proxy": {
    program: "/usr/bin/python3",
    script: `env -u http_proxy -u HTTP_PROXY python3 -c '
import os, urllib.request
print(urllib.request.urlopen("http://index.test:" + os.environ["PORT"] + "/text").read().decode(), end="")'`,
    stdout: "some text\n",
    network: true,
  },
};

describe("what was learned of a program suffices for its next run", () => {
  const repository = gitRepository();
  let index: Served;
  let names: Names;
  let directory: TemporaryDirectory;

  beforeAll(async () => {
    const python = pythonIndex();
    index = await serveHttp((request, response) => {
      const path = request.url?.split("?", 1)[0] ?? "/";
      if (request.url === "/text") response.end("some text\n");
      else if (Object.hasOwn(repository, path)) response.end(repository[path]);
      else python(request, response);
    });
    names = await Names.start({ "index.test": ["127.0.0.1"] });
    directory = await TemporaryDirectory.create("learn-programs", 0o755);
  });
  afterAll(async () => {
    await Promise.all([index, names, directory].map((each) => each[Symbol.asyncDispose]()));
  });

  for (const [name, { program, script, stdout, network }] of Object.entries(JOBS)) {
    const isThere = existsSync(program);
    test.skipIf(!isThere && !isRequired("programs"))(
      `${name}${isThere ? "" : ` (${program} is not here)`}`,
      async () => {
        const at = directory.join(name.replaceAll(" ", "-"));
        await mkdir(at);
        const policy: Policy = {
          root: "host",
          resources: { memory: "1GiB", pids: 128 },
          env: {
            PORT: String(index.port),
            GIT_CONFIG_NOSYSTEM: "1",
            // Without a control group memory is bounded by address space, of which V8 wants gigabytes.
            NODE_OPTIONS: "--disable-wasm-trap-handler",
          },
          ...(network === undefined
            ? {}
            : { network: { allow: [{ host: "index.test", ports: index.port, private: true }, "unused.example"] } }),
        };
        const egress = { egress: { resolver: { servers: names.servers } } };
        const argv = ["sh", "-c", script];
        const outcome = await learn(argv, policy, { ...egress, runs: 2 });
        expect(outcome.failure, outcome.result.stderr).toBeNull();
        expect(outcome.result.stdout).toBe(stdout);
        await saveLearned(outcome, at);

        const least = await loadPolicy(`${at}/policy.json`);
        const again = await run(argv, least, egress);
        expect({ code: again.exitCode, signal: again.signal, stderr: again.stderr }).toEqual({
          code: 0,
          signal: null,
          stderr: "",
        });
        expect(again.stdout).toBe(stdout);
        const { before, after } = outcome.least.surface.syscalls;
        expect(after).toBeLessThan(before / 2);
        // What init does is no part of it.
        const own = ["setresuid", "setgroups", "capset", "seccomp"];
        const allowed = outcome.least.seccomp.syscalls.flatMap(({ names: of }) => of);
        for (const call of own) if (!(call in outcome.learned.syscalls)) expect(allowed).not.toContain(call);
      },
      180_000,
    );
  }
});
