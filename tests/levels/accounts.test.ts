import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Level, type Policy, run } from "bulkhead";
import { expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { exceptAt, forEachLevel } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";

const BUSYBOX = fileURLToPath(new URL("../../packages/bulkhead/assets/base/bin/busybox", import.meta.url));
const APPLETS = ["sh", "whoami", "id", "stat", "grep", "head", "cat", "ls"];

/** A root with these files in its /etc, or without such a directory. */
async function rootWith(files: Readonly<Record<string, string>> | null): Promise<TemporaryDirectory> {
  const root = await TemporaryDirectory.create("accounts", 0o755);
  await mkdir(root.join("bin"));
  await copyFile(BUSYBOX, root.join("bin/busybox"));
  for (const applet of APPLETS)
    await writeFile(root.join(`bin/${applet}`), `#!/bin/busybox sh\nexec /bin/busybox ${applet} "$@"\n`);
  for (const applet of APPLETS) await chmod(root.join(`bin/${applet}`), 0o755);
  if (files !== null) await mkdir(root.join("etc"));
  for (const [name, text] of Object.entries(files ?? {}))
    await writeFile(root.join(`etc/${name}`), text, { mode: 0o644 });
  return root;
}

const NAMES = "whoami; id -un; id -gn; stat -c %U:%G /tmp; echo $USER $LOGNAME";

/** What the script says of a user and its group. */
function named(user: string, group = user): string {
  return `${user}\n${user}\n${group}\n${user}:${group}\n${user} ${user}\n`;
}

async function namesIn(root: string, level: Level, policy: Policy = {}): Promise<string> {
  const result = await run(["/bin/busybox", "sh", "-c", NAMES], { level, root, ...policy });
  return result.stdout + result.stderr;
}

await forEachLevel((level) => {
  test.each([
    [undefined, named("sandbox")],
    ["sandbox", named("sandbox")],
    ["4242", named("user4242")],
    ["7:8", named("user7")],
    ["4242:1000", named("user4242", "sandbox")],
    ["1000:4242", named("sandbox", "sandbox_")],
    ["0:0", named("root")],
    ["65534:65534", named("nobody", "nogroup")],
  ])("user %s of the built-in root has a name, as its files have", async (user, expected) => {
    expect(await printed(NAMES, { level, ...(user === undefined ? {} : { user }) })).toBe(expected);
  });

  test("a root without /etc/hosts knows localhost and its own name", async () => {
    await using bare = await rootWith(null);
    await using own = await rootWith({ hosts: "10.1.2.3 elsewhere\n", hostname: "elsewhere\n" });
    for (const { path: root } of [bare, own]) {
      const script = "cat /etc/hosts /etc/hostname";
      const result = await run(["/bin/busybox", "sh", "-c", script], { level, root, hostname: "box" });
      expect(result.stdout).toBe("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 box\nbox\n");
    }
  });

  test("a root without accounts gets some", async () => {
    for (const files of [null, {}, { passwd: "" }, { group: "staff:x:50:\n" }]) {
      await using root = await rootWith(files);
      expect(await namesIn(root.path, level), JSON.stringify(files)).toBe(named("sandbox"));
      expect(await namesIn(root.path, level, { user: "4242" })).toBe(named("user4242"));
    }
  });

  test("a root's own accounts keep their names, and a user is in the groups that it is a member of", async () => {
    await using root = await rootWith({
      passwd:
        "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nweb-app:x:33:34:The web,,,:/srv:/bin/sh\n",
      group: "root:x:0:\nnode:x:1000:\nweb:x:34:\nstaff:x:50:games,web-app\ndocker:x:51:web-app\n",
    });
    expect(await namesIn(root.path, level)).toBe(named("node"));
    expect(await namesIn(root.path, level, { user: "web-app" })).toBe(named("web-app", "web"));
    const policy = { level, root: root.path, user: "web-app" };
    const groups = await run(["/bin/busybox", "id", "-Gn"], policy);
    expect(groups.stdout).toBe(process.getuid?.() === 0 ? "web staff docker\n" : "web\n");
    // What is not the workload's stays as the root says, home and comment too.
    const line = await run(["/bin/busybox", "grep", "^web-app", "/etc/passwd"], policy);
    expect(line.stdout).toMatch(/^web-app:x:\d+:\d+:The web,,,:\/srv:\/bin\/sh\n$/);
  });

  test("a hostile /etc/passwd gives the workload a name and nothing else", async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `u${index}:x:${10_000 + index}:1::/:/\n`).join("");
    await using root = await rootWith({
      passwd: `+::::::\n-@evil::::::\n:x:1000:0::/:/\nsandbox:x:5:5::/:/\nroot:x:0x3e8:0::/:/\nb\rad:x:1000:0::/:/\na,b:x:1000:0::/:/\nbig:x:4294967296:0::/:/\n${many}`,
      group: `+:::\nsandbox:x:5:\n:x:1000:\nroot:x:01000x:\n${"g".repeat(300)}:x:1000:\n`,
    });
    expect(await namesIn(root.path, level)).toBe(named("sandbox_"));
    const ids = await run(["/bin/busybox", "sh", "-c", "id -u; grep -c . /etc/passwd; grep -c '^[+:-]' /etc/passwd"], {
      level,
      root: root.path,
    });
    const [uid, lines, orders] = ids.stdout.split("\n").map(Number);
    expect(uid).not.toBe(0);
    expect(lines).toBeLessThan(1010);
    expect(orders).toBe(0);
  });

  test("an existing file that is not regular stays", async () => {
    await using root = await rootWith({ other: "root:x:0:0::/:/bin/sh\n" });
    await mkdir(root.join("etc/passwd"));
    const script = "cat /etc/passwd/x; ls -d /etc/passwd";
    const result = await run(["/bin/busybox", "sh", "-c", script], { level, root: root.path });
    expect(result.stdout).toBe("/etc/passwd\n");
  });
});

/** Programs that look their own uid up, and what they say when it has a name. */
const PROGRAMS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["id", ["id", "-un"], /^sandbox$/m],
  [
    "python3",
    [
      "/usr/bin/python3",
      "-c",
      "import pwd, os, getpass, grp; print(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name); del os.environ['LOGNAME'], os.environ['USER']; print(getpass.getuser(), os.path.expanduser('~sandbox'))",
    ],
    /^sandbox sandbox\nsandbox \/work$/m,
  ],
  ["perl", ["perl", "-e", "print scalar(getpwuid($<)), ' ', scalar(getgrgid($(+0)), qq(\\n)"], /^sandbox sandbox$/m],
  ["node", ["node", "-p", "const u = os.userInfo(); [u.username, u.homedir].join(' ')"], /^sandbox \/work$/m],
  ["ssh", ["ssh", "-G", "host.test"], /^user sandbox$/m],
  ["git", ["git", "-c", "user.useConfigOnly=false", "var", "GIT_COMMITTER_IDENT"], /sandbox@/],
  ["java", ["java", "-Xint", "-XshowSettings:properties", "-version"], /user\.name = sandbox$/m],
  ["initdb", ["initdb", "--pgdata=/tmp/db", "--no-sync"], /will be owned by user "sandbox"/],
];

await exceptAt({ microvm: "root: host is not for virtual machines" })((level) => {
  for (const [name, argv, expected] of PROGRAMS) {
    // Of a user's own programs (a version manager's) nothing shows inside.
    const program = findProgram(argv[0] ?? "");
    test.skipIf(program?.startsWith("/usr/") !== true)(`${name} knows who it is`, async () => {
      const resources = { memory: "1GiB", pids: 256 } as const;
      const result = await run(argv, { level, root: "host", workdir: "/work", resources });
      expect(result.stdout + result.stderr).toMatch(expected);
    });
  }
});
