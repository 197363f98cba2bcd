import * as z from "zod/mini";
import { LEVELS } from "../../policy/level.js";
import { duration, insideTree, size, whole } from "../../policy/schema/values.js";

const NAME = /^(?=.{1,31}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME_RULE = "1 to 31 of a-z, 0-9 and single hyphens, with a letter first";
const OFFER = /^[a-z][a-z0-9-]{0,30}\.[a-z][a-z0-9-]{0,30}$/;
/** `127.0.0.1:8080` and `[::1]:8080`. The compiler of the file checks the address. */
const HOST_PORT = /^(?:(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:.]{2,45}\]):\d{1,5}$/i;

export const MOST_COMPONENTS = 64;
/** Of one component: offers, channels to others, ports on the host. */
const MOST_ENDS = 32;

/** Whether a service, a component, an offer, a channel or a port can have this name. */
export function isServiceName(text: string): boolean {
  return NAME.test(text);
}

/** A name of a service, a component, an offer, a channel or a port. */
function name() {
  return z.string().check(z.regex(NAME, NAME_RULE));
}

function named<Value extends z.core.SomeType>(value: Value) {
  return z
    .record(name(), value)
    .check(z.refine((fields) => Object.keys(fields).length <= MOST_ENDS, `at most ${MOST_ENDS} of them`));
}

/** `sun_path` of a Unix socket has 108 bytes, and counts the trailing NUL. */
const LONGEST_SOCKET = 107;

const socketPath = () =>
  insideTree().check(
    z.refine(
      (path) => path !== "/" && Buffer.byteLength(path) <= LONGEST_SOCKET,
      `a path of at most ${LONGEST_SOCKET} bytes`,
    ),
  );

const port = () => whole(1, 65_535);

function command() {
  return z
    .array(z.string().check(z.refine((word) => !word.includes("\0"), "text without NUL")), {
      error: "a list of the program and its arguments, such as [node, /app/server.js]",
    })
    .check(
      z.refine((words) => words[0] !== "" && words.length >= 1 && words.length <= 1024, "a program and its arguments"),
    );
}

const SAID_OFFER = "{ port, from?, identify? } or { socket, from?, identify? }";

function offer() {
  const common = {
    from: z.optional(z.array(name())),
    identify: z.optional(z.enum(["none", "proxy-v2"])),
  };
  return z.union([z.strictObject({ port: port(), ...common }), z.strictObject({ socket: socketPath(), ...common })], {
    error: SAID_OFFER,
  });
}

const SAID_USE =
  "COMPONENT.OFFER, or { offer: COMPONENT.OFFER, port?, wait?, connections?, bandwidth?, bytes?, idle? }";

function use() {
  const reference = () => z.string().check(z.regex(OFFER, "COMPONENT.OFFER, such as api.http"));
  const long = z.strictObject({
    offer: reference(),
    port: z.optional(port()),
    wait: z.optional(z.boolean()),
    connections: z.optional(whole(1, 65_536)),
    bandwidth: z.optional(size()),
    bytes: z.optional(size()),
    idle: z.optional(duration()),
  });
  return z.union([reference(), long], { error: SAID_USE });
}

const SAID_LISTEN =
  'an address and port such as "127.0.0.1:8080", or { host: ADDRESS:PORT, port?, descriptor?, idle? } or { host, socket, idle? }';

function listen() {
  const host = () => z.string().check(z.regex(HOST_PORT, "ADDRESS:PORT, such as 127.0.0.1:8080"));
  return z.union(
    [
      host(),
      z.strictObject({
        host: host(),
        port: z.optional(port()),
        descriptor: z.optional(z.boolean()),
        idle: z.optional(duration()),
      }),
      z.strictObject({ host: host(), socket: socketPath(), idle: z.optional(duration()) }),
    ],
    { error: SAID_LISTEN },
  );
}

const SAID_READY =
  "started, { connect: OFFER }, { command: [PROGRAM, …] }, { http: PATH, port? } or { notify: true }, each with timeout?";

function ready() {
  const time = { timeout: z.optional(duration()) };
  const path = z.string().check(z.regex(/^\/[\x21-\x7e]{0,1023}$/, "a path that begins with / and has no spaces"));
  return z.union(
    [
      z.literal("started"),
      z.strictObject({ connect: name(), ...time }),
      z.strictObject({ command: command(), ...time }),
      z.strictObject({ http: path, port: z.optional(port()), ...time }),
      z.strictObject({ notify: z.literal(true), ...time }),
    ],
    { error: SAID_READY },
  );
}

function restart() {
  const long = z.strictObject({
    always: z.optional(z.boolean()),
    backoff: z.optional(z.tuple([duration(), duration()], { error: "two times: [FIRST, LONGEST]" })),
    limit: z.optional(whole(1, 1_000_000)),
    within: z.optional(duration()),
  });
  return z.union([z.enum(["never", "on-failure", "always"]), long], {
    error: "never, on-failure, always, or { always?, backoff?: [FIRST, LONGEST], limit?, within? }",
  });
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"] as const;

/** The fields of a component beside those of a policy. */
export function componentFields() {
  return {
    command: z.optional(command()),
    provides: z.optional(named(offer())),
    uses: z.optional(named(use())),
    listen: z.optional(named(listen())),
    depends: z.optional(z.array(name())),
    ready: z.optional(ready()),
    restart: z.optional(restart()),
    stop: z.optional(z.strictObject({ signal: z.optional(z.enum(SIGNALS)), grace: z.optional(duration()) })),
    logs: z.optional(z.strictObject({ size: z.optional(size()), keep: z.optional(whole(1, 100)) })),
    replicas: z.optional(z.literal(1, { error: "1: a component has one copy; declare several components instead" })),
  };
}

/** The file's own fields; `components` is checked one by one. */
export function serviceFields() {
  return {
    name: name(),
    level: z.optional(z.strictObject({ min: z.enum(LEVELS) }, { error: "{ min: LEVEL }" })),
    comment: z.optional(z.string().check(z.maxLength(4096))),
    components: z.record(name(), z.record(z.string(), z.unknown(), { error: "the fields of a component" }), {
      error: "components by name",
    }),
  };
}

/** A secret that a component reads as a file, in addition to those of a policy, which only requests to hosts carry. */
export function secretFile() {
  return z.strictObject({ file: z.string().check(z.minLength(1), z.maxLength(4096)) });
}

export type CheckedComponent = z.output<z.ZodMiniObject<ReturnType<typeof componentFields>, z.core.$strict>>;
export type CheckedOffer = NonNullable<CheckedComponent["provides"]>[string];
export type CheckedUse = NonNullable<CheckedComponent["uses"]>[string];
export type CheckedListen = NonNullable<CheckedComponent["listen"]>[string];
export type StopSignal = (typeof SIGNALS)[number];
