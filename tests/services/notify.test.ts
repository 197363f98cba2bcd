/** Components that say themselves when they are ready, as sd_notify(3) does. */

import { existsSync } from "node:fs";
import type { Level } from "bulkhead";
import { expect, it } from "vitest";
import { canBuildDebian, DEBIAN_IMAGE_MS, debianImage } from "../support/debian-image.js";
import { forEachLevel, isRequired } from "../support/levels.js";
import { eventually } from "../support/time.js";
import { Recorded } from "./support/services.js";

/** Sends each argument as a datagram, with the escapes of Perl. */
const SAY = `say() { perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0) && connect(S, sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!; send(S, eval(qq("$_")), 0) // die $! for @ARGV' -- "$@"; }`;
const CLIENT = "/usr/bin/systemd-notify";

const shell = (script: string) => `[sh, -c, ${JSON.stringify(`${SAY}; ${script}`)}]`;

/** A root with Perl. A guest has none of the host's files. */
async function rootAt(level: Level) {
  if (level !== "microvm") return { root: "root: host", options: {} };
  const { name, store } = await debianImage();
  return { root: `image: ${name}`, options: { images: { store, pull: "never" } } as const };
}

await forEachLevel((level) => {
  it.skipIf(level === "microvm" && !canBuildDebian)(
    "are ready when they say so, and not before",
    async () => {
      const { root, options } = await rootAt(level);
      const slow = shell(
        String.raw`say 'STATUS=warming up' READY=10 'X=READY=1'; sleep 1; say 'A=b\nREADY=1\nSTATUS=serving\x1b[2J'; until test -e /tmp/stop; do sleep 0.1; done; say STOPPING=1; exec sleep 60`,
      );
      await using service = await Recorded.up(
        `
name: notify
components:
  slow: { level: ${level}, ${root}, command: ${slow}, ready: { notify: true }, uses: { x: other.x } }
  next: { level: ${level}, depends: [slow], command: [sh, -c, "echo \${NOTIFY_SOCKET-none}; exec sleep 60"] }
  other: { level: ${level}, command: [sleep, "60"], ready: started, provides: { x: { socket: /tmp/x } } }
`,
        options,
      );
      const status = () => service.running.status().find(({ name }) => name === "slow");
      expect(status()).toMatchObject({ state: "ready", said: "serving\u{fffd}[2J" });
      const [started, ready] = ["starting", "ready"].map((state) =>
        service.events.find(
          (event) => event.kind === "state" && event.status.name === "slow" && event.status.state === state,
        ),
      );
      expect((ready?.at.getTime() ?? 0) - (started?.at.getTime() ?? 0)).toBeGreaterThanOrEqual(1_000);
      expect(service.states().indexOf("next starting")).toBeGreaterThan(service.states().indexOf("slow ready"));
      // No other component has such a socket.
      await eventually("the next one has started", 30_000, () => service.lines("next").length > 0);
      expect(service.lines("next")).toEqual(["none"]);
      await service.running.exec("slow", ["touch", "/tmp/stop"]);
      await eventually("it is stopping", 30_000, () => status()?.state === "stopping");
      expect(status()).toMatchObject({ state: "stopping", reason: "its program said so" });
    },
    DEBIAN_IMAGE_MS,
  );

  it.skipIf(level === "microvm")("have failed if they do not say so in time", async () => {
    const starting = Recorded.up(`
name: silent
components:
  silent: { level: ${level}, command: [sleep, "60"], ready: { notify: true, timeout: 300ms }, restart: never }
`);
    await expect(starting).rejects.toMatchObject({
      code: "COMPONENT_NOT_READY",
      detail: expect.stringContaining("READY=1 did not arrive at NOTIFY_SOCKET within 300 ms"),
    });
  });

  it.skipIf(level === "microvm")("disturb nothing by what they send, however much and whatever it is", async () => {
    const flood = shell(
      String.raw`say READY=1; perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0); connect(S, sockaddr_un($ENV{NOTIFY_SOCKET})); $SIG{ALRM} = sub { print "sent\n"; exit }; alarm 5; while (1) { send(S, $_, 0) for "STATUS=" . "x" x 4000, "", "\xff" x 5000, "STATUS=\0\n" x 300, "=" }'; exec sleep 60`,
    );
    await using service = await Recorded.up(`
name: flood
components:
  loud: { level: ${level}, root: host, command: ${flood}, ready: { notify: true } }
  calm: { level: ${level}, command: [sh, -c, "while :; do echo tick; sleep 0.1; done"] }
`);
    const before = process.cpuUsage();
    await eventually("it has sent all it could", 60_000, () => service.lines("loud").includes("sent"));
    const { user, system } = process.cpuUsage(before);
    // A window a second: the supervisor sleeps in between.
    expect(user + system).toBeLessThan(2_500_000);
    expect(service.lines("calm").length).toBeGreaterThan(10);
    expect(service.running.status()[0]?.said?.length).toBeLessThanOrEqual(256);
  });
});

it.skipIf(!existsSync(CLIENT) && !isRequired("systemd-notify"))(
  "hear systemd's own client, which waits for the answer",
  async () => {
    const script = shell(`${CLIENT} --ready --status="by systemd" && echo sent; exec sleep 60`);
    await using service = await Recorded.up(`
name: client
components:
  web: { root: host, command: ${script}, ready: { notify: true } }
`);
    await eventually("the client has ended", 30_000, () => service.lines("web").length > 0);
    expect(service.lines("web")).toEqual(["sent"]);
    expect(service.running.status()[0]).toMatchObject({ state: "ready", said: "by systemd" });
  },
);
