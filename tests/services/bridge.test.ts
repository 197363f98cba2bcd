import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Level } from "bulkhead";
import { type ChannelEvent, type RunningService, Service } from "bulkhead/services";
import { describe, expect, test } from "vitest";
import { kindsOf } from "../support/components.js";

const UNIX = "-MIO::Socket::UNIX";
/** Answers each short line in capitals, and the whole input with its length. */
const SERVER = `$| = 1; $SIG{CHLD} = "IGNORE"; $l = IO::Socket::UNIX->new(Local => "/tmp/rpc.sock", Listen => 64) or die "$!";
  while (1) { $c = $l->accept or next; if (fork) { close $c; next } $c->autoflush(1); $n = 0;
    while (<$c>) { $n += length; print $c uc if length() < 100 } print $c $n; exit }`;
/** Sends its input, ends its half, and prints the answer. */
const CLIENT = `$s = IO::Socket::UNIX->new(Peer => "/run/bulkhead/rpc.sock") or die "$!\n"; local $/; print $s scalar <STDIN>; $s->flush;
  shutdown $s, 1; print scalar <$s>`;
/** Says hello, and then waits for the end of the connection. */
const TALKER = `$| = 1; $s = IO::Socket::UNIX->new(Peer => "/run/bulkhead/rpc.sock") or die "$!\n"; $s->autoflush(1);
  print $s "hello\n"; print scalar(<$s>); $end = <$s>; print defined $end ? "more" : "end"`;

interface Up extends AsyncDisposable {
  readonly running: RunningService;
  readonly events: readonly ChannelEvent[];
}

/** A service whose component `front` may reach the server in `back`. */
async function up(
  levels: { front: Level; back: Level },
  use: object = {},
  { server = SERVER, offer = {} } = {},
): Promise<Up> {
  const events: ChannelEvent[] = [];
  const components = {
    front: {
      root: "host",
      level: levels.front,
      command: ["sleep", "infinity"],
      uses: { rpc: { offer: "back.rpc", ...use } },
    },
    back: {
      root: "host",
      level: levels.back,
      command: ["perl", UNIX, "-e", server],
      provides: { rpc: { socket: "/tmp/rpc.sock", ...offer } },
    },
  };
  const service = await Service.parse(JSON.stringify({ name: "bridge", components }), tmpdir());
  const running = await service.up({ onEvent: (event) => void (event.kind === "channel" && events.push(event.event)) });
  return { running, events, [Symbol.asyncDispose]: () => running.down() };
}

async function ask(running: RunningService, input: string, client = CLIENT): Promise<string> {
  const asking = await running.exec("front", ["perl", UNIX, "-e", client], {
    buffer: true,
    stdin: [Buffer.from(input)],
  });
  const { stdout, stderr } = await asking.result;
  return `${stdout}${stderr}`;
}

/** Processes of the bridge that this process started. */
function bridges(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, "latin1") === "warden\0bridge\0";
      } catch {
        return false;
      }
    });
}

describe.each([
  { front: "container", back: "container" },
  { front: "chroot", back: "container" },
  { front: "container", back: "chroot" },
] as const)("the bridge between $front and $back", (levels) => {
  test("carries bytes, and counts them", async () => {
    await using service = await up(levels);
    expect(bridges()).toHaveLength(1);
    expect(await ask(service.running, "x".repeat(3_000_000))).toBe("3000000");
    expect(await ask(service.running, "a\nb\n")).toBe("A\nB\n4");
    await expect.poll(() => kindsOf(service.events)).toEqual(["opened", "closed", "opened", "closed"]);
    expect(service.events[1]).toMatchObject({ bytesIn: 3_000_000, bytesOut: 7 });
    expect(service.events[3]).toMatchObject({ bytesIn: 4, bytesOut: 5 });
  });
});

const LEVELS = { front: "container", back: "container" } as const;

describe("the bridge's process", () => {
  test("has no capability, no privilege to gain and no file but its connections", async () => {
    await using _service = await up(LEVELS);
    const [pid] = bridges();
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    if (process.getuid?.() !== 0) return;
    expect(status).not.toMatch(/^Uid:\t0\t/m);
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const others = open.filter((target) => !/^(socket|anon_inode|pipe):|^\/dev\/null$/.test(target));
    // The file whose lock reserves its ids.
    expect(others.filter((target) => !target.endsWith("helper-ids"))).toEqual([]);
  });

  test("ends its connections when it is killed, says so, and is started again", async () => {
    await using service = await up(LEVELS);
    const [first] = bridges();
    const talking = ask(service.running, "", TALKER);
    await expect.poll(() => kindsOf(service.events), { timeout: 20_000 }).toEqual(["opened"]);
    await sleep(1_000);
    execFileSync("kill", ["-KILL", String(first)]);
    expect(await talking).toBe("HELLO\nend");
    await expect.poll(() => service.events.at(-1)?.kind, { timeout: 20_000 }).toBe("closed");
    expect(service.events.at(-1)?.reason).toMatch(/helper/i);
    expect(await ask(service.running, "again\n")).toBe("AGAIN\n6");
    expect(bridges()).toHaveLength(1);
    expect(bridges()).not.toEqual([first]);
  });

  test("holds the channel's limits", async () => {
    await using service = await up(LEVELS, { bytes: "1MiB" });
    await ask(service.running, "x".repeat(3_000_000));
    await expect.poll(() => service.events.at(-1)?.kind, { timeout: 20_000 }).toBe("limited");
    expect(service.events.at(-1)?.reason).toMatch(/bytes are used up/);
    await ask(service.running, "a\n");
    await expect.poll(() => service.events.length, { timeout: 20_000 }).toBe(3);
    expect(service.events.at(-1)).toMatchObject({ kind: "limited" });
  });

  test("holds the channel's rate, and loses nothing", async () => {
    await using service = await up(LEVELS, { bandwidth: "200KiB" });
    const before = performance.now();
    expect(await ask(service.running, "x".repeat(500_000))).toBe("500000");
    // One read, of 128 KiB, may leave at once.
    expect(performance.now() - before).toBeGreaterThan(1_500);
  });

  test("names the consumer to a provider that asks for it, before the consumer's bytes", async () => {
    const server = `$l = IO::Socket::UNIX->new(Local => "/tmp/rpc.sock", Listen => 64) or die "$!";
      while ($c = $l->accept) { local $/; print $c unpack "H*", scalar <$c>; close $c }`;
    await using service = await up(LEVELS, {}, { server, offer: { identify: "proxy-v2" } });
    const hex = (text: string) => Buffer.from(text).toString("hex");
    // Signature, command PROXY, family AF_UNSPEC, length; the component and the number of the connection.
    const header = `0d0a0d0a000d0a515549540a 21 00 000c e00005${hex("front")} 050001${hex("1")}`.replaceAll(" ", "");
    expect(await ask(service.running, "PROXY UNKNOWN\r\n")).toBe(`${header}${hex("PROXY UNKNOWN\r\n")}`);
  });

  test("reports connections that `down` ends as closed, with their bytes, and not as lost", async () => {
    await using service = await up(LEVELS);
    const talking = ask(service.running, "", TALKER);
    await expect.poll(() => kindsOf(service.events), { timeout: 20_000 }).toEqual(["opened"]);
    // The server's answer has crossed when the client waits for more.
    await sleep(1_500);
    await service.running.down();
    await talking.catch(() => undefined);
    expect(kindsOf(service.events)).toEqual(["opened", "closed"]);
    expect(service.events.at(-1)).toMatchObject({ bytesIn: 6, bytesOut: 6 });
    expect(service.events.at(-1)?.reason).toBeUndefined();
  });

  test("ends a connection on which nothing moves", async () => {
    await using service = await up(LEVELS, { idle: "2s" });
    expect(await ask(service.running, "", TALKER)).toBe("HELLO\nend");
    await expect.poll(() => service.events.at(-1)?.reason, { timeout: 20_000 }).toMatch(/nothing moved/);
  });

  test("lets no descriptor pass from one component to another", async () => {
    await using service = await up(LEVELS);
    // SCM_RIGHTS with descriptor 0, as struct msghdr says it to sendmsg.
    const sender = `$s = IO::Socket::UNIX->new(Peer => "/run/bulkhead/rpc.sock") or die "$!\n"; $s->autoflush(1);
      print $s "hello\n"; print scalar(<$s>); $b = "x"; $iov = pack "PQ", $b, 1; $c = pack "QiiiI", 20, 1, 1, 0, 0;
      $m = pack "QLLPQPQiI", 0, 0, 0, $iov, 1, $c, 20, 0, 0; syscall(46, fileno $s, $m, 0) >= 0 or die "sendmsg $!";
      $end = <$s>; print defined $end ? "more" : "end"`;
    expect(await ask(service.running, "", sender)).toBe("HELLO\nend");
    await expect.poll(() => service.events.at(-1)?.reason, { timeout: 20_000 }).toMatch(/file descriptor/);
  });
});
