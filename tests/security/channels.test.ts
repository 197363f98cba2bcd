import type { Level, Sandbox } from "bulkhead";
import { expect, test } from "vitest";
import { openBridge } from "../../packages/bulkhead/src/services/channels/bridge.js";
import { ask, channel, component, SOCKETS, serve, Together } from "../support/components.js";
import { exceptAt } from "../support/levels.js";

const RPC = `${SOCKETS}/rpc.sock`;

/** A server of a port inside that says a secret to whoever connects. */
const SECRET =
  "use IO::Socket::INET; $l = IO::Socket::INET->new(LocalAddr => shift, Listen => 9, ReuseAddr => 1) or die; while ($c = $l->accept) { print $c 'secret'; close $c }";

/** Tries every port and every Unix socket that can be named from inside, and prints what answers. */
const PROBE = `use Socket; use IO::Socket::UNIX; use File::Find;
  for $a ("127.0.0.1", "127.0.0.2", "127.0.0.3") { for $p (1 .. 10000) { socket S, PF_INET, SOCK_STREAM, 0 or die;
    print "$a:$p\\n" if connect S, pack_sockaddr_in($p, inet_aton($a)); close S } }
  find({ no_chdir => 1, wanted => sub { return $File::Find::prune = 1 if m(^/(proc|sys)$); return unless -S $_;
    $s = IO::Socket::UNIX->new(Peer => $_) or return; print "$_\\n" } }, "/");
  open U, "/proc/net/unix"; while (<U>) { print "abstract $1\\n" if /\\s(@\\S+)/ }`;

const atShort = exceptAt({
  gvisor: "the bridge outside is the same",
  microvm: "the bridge outside is the same",
});

async function three(level: Level) {
  const stack = new Together();
  const [front, back, signer] = [
    stack.use(await component(level)),
    stack.use(await component(level)),
    stack.use(await component(level)),
  ];
  const bridge = stack.use(await openBridge([channel("rpc", { target: { port: 8000 } })]));
  for (const [name, sandbox] of Object.entries({ front, back, signer })) await bridge.attach(name, sandbox);
  return { front, back, signer, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

async function reachedFrom(sandbox: Sandbox): Promise<readonly string[]> {
  const { stdout, exitCode } = await sandbox.run(["perl", "-e", PROBE]);
  expect(exitCode).toBe(0);
  return stdout.split("\n").filter(Boolean);
}

await atShort((level) => {
  test("a component reaches what it uses, one port of its provider, and nothing else of any component", async () => {
    await using service = await three(level);
    await service.back.exec(["perl", "-e", SECRET, "127.0.0.1:8000"], { stdin: "null" });
    await service.back.exec(["perl", "-e", SECRET, "127.0.0.1:8001"], { stdin: "null" });
    await service.signer.exec(["perl", "-e", SECRET, "127.0.0.1:8002"], { stdin: "null" });
    await serve(service.signer, "/tmp/sign.sock");
    await expect.poll(() => ask(service.front, RPC, "")).toBe("secret");
    expect(await reachedFrom(service.front)).toEqual([RPC]);
    // A channel leads one way.
    expect(await reachedFrom(service.back)).toEqual(["127.0.0.1:8000", "127.0.0.1:8001"]);
    expect(await reachedFrom(service.signer)).toEqual(["127.0.0.1:8002", "/tmp/sign.sock"]);
  });

  test("a consumer that floods and a provider that reads nothing stall no other channel", async () => {
    await using flooded = await component(level);
    await using flooder = await component(level);
    await using back = await component(level);
    await using front = await component(level);
    const bad = { consumer: "flooder", provider: "flooded" } as const;
    await using bridge = await openBridge([channel("rpc"), channel("flood", bad)]);
    const all = { flooded, flooder, back, front };
    for (const [name, sandbox] of Object.entries(all)) await bridge.attach(name, sandbox);
    await serve(back, "/tmp/rpc.sock");
    const deaf = "$l = IO::Socket::UNIX->new(Local => shift, Listen => 64); while ($c = $l->accept) { push @c, $c }";
    await flooded.exec(["perl", "-MIO::Socket::UNIX", "-e", deaf, "/tmp/rpc.sock"], { stdin: "null" });
    const flood = `for (1 .. 60) { fork or last } $SIG{PIPE} = "IGNORE";
      while (1) { $s = IO::Socket::UNIX->new(Peer => shift // $p) or next; for (1 .. 100) { print $s "x" x 65536 } }`;
    await flooder.exec(["perl", "-MIO::Socket::UNIX", "-e", `$p = $ARGV[0]; ${flood}`, `${SOCKETS}/flood.sock`], {
      stdin: "null",
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let turn = 0; turn < 5; turn += 1) expect(await ask(front, RPC, `hello ${turn}`)).toBe(`HELLO ${turn}`);
    expect((await flooded.run(["echo", "alive"])).stdout).toBe("alive\n");
  });

  test("what a provider puts in the place of its socket only ends the connection", async () => {
    await using back = await component(level);
    await using front = await component(level);
    await using bridge = await openBridge([channel("rpc")]);
    await bridge.attach("back", back);
    await bridge.attach("front", front);
    for (const make of ["ln -s /dev/zero", "mkfifo", "mkdir", "ln -s /tmp/rpc.sock"]) {
      await back.run(["sh", "-c", `rm -rf /tmp/rpc.sock; ${make} /tmp/rpc.sock`]);
      const asked = ask(front, RPC, "x");
      await new Promise((resolve) => setTimeout(resolve, 100));
      await back.run(["sh", "-c", "rm -rf /tmp/rpc.sock"]);
      const server = await serve(back, "/tmp/rpc.sock");
      expect(await asked, make).toMatch(/^X?$/);
      server.kill("SIGKILL");
      await server.result;
    }
  });
});
