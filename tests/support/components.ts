import { type Level, type Policy, type Process, Sandbox } from "bulkhead";
import { expect } from "vitest";
import type { ChannelEvent, ChannelSpec } from "../../packages/bulkhead/src/services/channels/contract.js";

/** Where a consumer's sockets are, as a service's components have it. */
export const SOCKETS = "/run/bulkhead";

const UNIX = "-MIO::Socket::UNIX";
/** Answers each connection with all that it sent, in capitals, once it has ended its half. */
const SERVER = `$| = 1; $l = IO::Socket::UNIX->new(Local => shift, Listen => 64) or die "$!";
  $SIG{CHLD} = "IGNORE"; while (1) { $c = $l->accept or next; if (fork) { close $c; next } local $/; $t = <$c>; print $c uc $t; exit }`;
/** Sends its input, ends its half, and prints the answer. */
const CLIENT = `$s = IO::Socket::UNIX->new(Peer => shift) or die "$!\\n"; local $/; print $s scalar <STDIN>; $s->flush;
  shutdown $s, 1; print scalar <$s>`;

export function component(level: Level, policy: Policy = {}): Promise<Sandbox> {
  const files = [...(policy.files ?? []), { tmpfs: SOCKETS, size: "64KiB", exec: false }];
  return Sandbox.create({ root: "host", ...policy, level, files });
}

/** Serves on a Unix socket inside; resolves when it listens. */
export async function serve(sandbox: Sandbox, path: string): Promise<Process> {
  const server = await sandbox.exec(["perl", UNIX, "-e", SERVER, path], { stdin: "null" });
  await expect.poll(() => sandbox.files.stat(path).then(({ type }) => type), { timeout: 10_000 }).toBe("socket");
  return server;
}

/** What a client of a Unix socket inside gets for `input`; its complaint where it cannot connect. */
export async function ask(sandbox: Sandbox, path: string, input: string): Promise<string> {
  const { stdout, stderr } = await sandbox.run(["perl", UNIX, "-e", CLIENT, path], { input });
  return stdout + stderr;
}

export function channel(name: string, more: Partial<ChannelSpec> = {}): ChannelSpec {
  return {
    consumer: "front",
    provider: "back",
    name,
    offer: "rpc",
    inside: { socket: `${SOCKETS}/${name}.sock`, tcp: null },
    target: { socket: "/tmp/rpc.sock" },
    limits: { connections: 64, bytesPerSecond: null, bytes: null, idleMs: null },
    identify: "none",
    ...more,
  };
}

/** Kinds and reasons of events, in the order in which they came. */
export function kindsOf(events: readonly ChannelEvent[]): readonly string[] {
  return events.map(({ kind, reason }) => (reason === undefined ? kind : `${kind}: ${reason}`));
}

/** Resources that end together, the last first. */
export class Together implements AsyncDisposable {
  readonly #all: AsyncDisposable[] = [];

  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#all.unshift(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#all) await resource[Symbol.asyncDispose]();
  }
}
