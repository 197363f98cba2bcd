import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { loadPolicy, type Policy, run } from "bulkhead";
import { type LearnResult, learn, saveLearned } from "bulkhead/learn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TemporaryDirectory } from "../support/temporary.js";

interface Language {
  readonly program: string;
  readonly flag: string;
  /** Reads /data/in, writes /work/out, starts a program. */
  readonly job: string;
  /** Each does one thing that the job did not. */
  readonly others: Readonly<Record<string, string>>;
}

const LANGUAGES: readonly Language[] = [
  {
    program: "python3",
    flag: "-c",
    job: "import subprocess\nopen('/work/out','w').write(open('/data/in').read())\nprint(subprocess.check_output(['/usr/bin/echo','done']).decode().strip())",
    others: {
      "reads another file": "print(open('/data/other').read())",
      "writes elsewhere": "open('/tmp/x','w').write('x')",
      "starts another program": "import subprocess; print(subprocess.check_output(['/usr/bin/id']).decode())",
      "opens a socket": "import socket; socket.socket(); print('socket')",
    },
  },
  {
    program: "perl",
    flag: "-e",
    job: 'open(I,"<","/data/in") or die; open(O,">","/work/out") or die; print O <I>; close O; system("/usr/bin/echo","done")==0 or die;',
    others: {
      "reads another file": 'open(I,"<","/data/other") or die "refused"; print <I>;',
      "writes elsewhere": 'open(O,">","/tmp/x") or die "refused"; print "written";',
      "starts another program": 'system("/usr/bin/id")==0 or die "refused";',
      "opens a socket": 'socket(S,2,1,0) or die "refused"; print "socket";',
    },
  },
];

for (const { program, flag, job, others } of LANGUAGES) {
  // Where `root: host` shows it, too.
  const path = `/usr/bin/${program}`;
  describe.skipIf(!existsSync(path))(`a ${program} program that reads, writes and starts another`, () => {
    const argv = [path, flag];
    let directory: TemporaryDirectory;
    let policy: Policy;
    let outcome: LearnResult;
    let least: Policy;

    beforeAll(async () => {
      directory = await TemporaryDirectory.create("learn", 0o755);
      const data = directory.join("data");
      await mkdir(data);
      await writeFile(directory.join("data/in"), "content");
      await writeFile(directory.join("data/other"), "secret");
      policy = { root: "host", files: [{ host: data, at: "/data" }] };
      outcome = await learn([...argv, job], policy, { runs: 2 });
      await saveLearned(outcome, directory.path);
      least = await loadPolicy(directory.join("policy.json"));
    });
    afterAll(() => directory[Symbol.asyncDispose]());

    test("ran as ever while it was observed", () => {
      expect(outcome.result).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "" });
      expect(outcome.learned).toMatchObject({ runs: 2, cutOff: false });
    });

    test("needs less than the default allows", () => {
      const { surface } = outcome.least;
      expect(surface.syscalls.after).toBeLessThan(surface.syscalls.before / 2);
      expect(surface.network).toBe(false);
    });

    test("still works under what was learned", async () => {
      const again = await run([...argv, job], least);
      expect(again).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "" });
    });

    test.each(Object.entries(others))("and nothing else does: %s", async (_, code) => {
      const allowed = await run([...argv, code], policy);
      expect(allowed, "without the learned policy it works").toMatchObject({ exitCode: 0 });
      const { exitCode, stdout } = await run([...argv, code], least);
      expect(exitCode).not.toBe(0);
      expect(stdout).toBe("");
    });
  });
}

test("what is no program is said to be none", async () => {
  const { result } = await learn(["no-such-program"], {}).catch((error: unknown) => ({ result: error }));
  expect(result).toMatchObject({ code: "LEARN_FAILED" });
});
