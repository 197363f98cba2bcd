import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { WARDEN_PATH } from "../../support/programs.js";
import { SystemBroker } from "../../support/system-broker.js";
import { TemporaryDirectory } from "../../support/temporary.js";
import { eventually } from "../../support/time.js";

const GROUP = 61_040;
const UID = 61_041;
const STRANGER = 61_042;

/** Prints the type of the broker's first message. */
const ASK = `import json, socket, struct, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
order = b'{"type":"control"}'
peer.sendall(struct.pack(">I", len(order)) + order)
read = peer.makefile("rb").read
print(json.loads(read(struct.unpack(">I", read(4))[0]))["type"])
`;

/** Opens what `how` says as descriptor 3, as a service manager does, and becomes the broker. */
const ACTIVATE = `import os, socket, sys
how, path, *argv = sys.argv[1:]
if how == "null":
    inherited = open("/dev/null")
else:
    inherited = socket.socket(socket.AF_UNIX)
    inherited.bind(path)
    os.chmod(path, 0o666)
    inherited.listen()
os.dup2(inherited.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID="1" if how == "of another process" else str(os.getpid()))
os.execv(argv[0], argv)
`;

/** `hello` or `refused`. The groups besides the first one are `groups`. */
async function answer(socket: string, uid: number, gid: number, ...groups: number[]): Promise<string> {
  const more = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join(",")];
  const user = ["--reuid", String(uid), "--regid", String(gid), ...more];
  const { stdout } = await promisify(execFile)("setpriv", [...user, "/usr/bin/python3", "-c", ASK, socket]);
  return stdout.trim();
}

function activated(how: string, socket: string) {
  const broker = [WARDEN_PATH, "broker", "--socket", socket, "--allow-gid", String(GROUP)];
  const argv = ["--pdeathsig", "KILL", "/usr/bin/python3", "-c", ACTIVATE, how, socket, ...broker];
  const child = spawn("setpriv", argv, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, said: () => said, closed: once(child, "close") };
}

describe.skipIf(process.getuid?.() !== 0)("a system broker that serves a group", () => {
  it("serves its members by their first group and by any other, and no other user", async () => {
    await using broker = await SystemBroker.start(["--allow-gid", String(GROUP)]);
    expect(await answer(broker.socket, UID, GROUP)).toBe("hello");
    expect(await answer(broker.socket, UID, UID, STRANGER, GROUP)).toBe("hello");
    // The same user without the group, and a user with the group's number.
    expect(await answer(broker.socket, UID, UID)).toBe("refused");
    expect(await answer(broker.socket, GROUP, STRANGER, UID)).toBe("refused");
    expect(broker.log[0]).toMatchObject({ allowUids: [], allowGids: [GROUP] });
  });

  it.each([
    ["whole", true],
    // The broker then listens by itself, and removes its file.
    ["of another process", false],
  ])("takes the socket that a service manager listens on, and leaves its file: %s", async (how, left) => {
    await using directory = await TemporaryDirectory.create("activated", 0o755);
    const socket = directory.join("socket");
    const { child, said, closed } = activated(how, socket);
    try {
      await eventually("the broker answers", 30_000, async () => {
        if (child.exitCode !== null) throw new Error(said());
        return (await answer(socket, UID, GROUP).catch(() => "")) === "hello";
      });
      expect(await answer(socket, STRANGER, STRANGER)).toBe("refused");
    } finally {
      child.kill("SIGTERM");
      await closed;
    }
    expect(existsSync(socket)).toBe(left);
  });

  it("refuses to start with a descriptor that is no socket", async () => {
    await using directory = await TemporaryDirectory.create("activated", 0o755);
    const { said, closed } = activated("null", directory.join("socket"));
    const [code] = await closed;
    expect([code, said()]).toEqual([125, expect.stringContaining("LAUNCH_FAILED")]);
    expect(existsSync(directory.join("socket"))).toBe(false);
  });
});
