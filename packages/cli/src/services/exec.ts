import { once } from "node:events";
import type { Socket } from "node:net";
import { BulkheadError } from "bulkhead";
import { EXIT, exitCodeOfSignal } from "../exit-codes.js";
import { finish } from "../output/write.js";
import { ask } from "./control/client.js";
import type { ExecFlags } from "./flags.js";
import { nameOf } from "./manage.js";

/** Runs a program in a component's sandbox, with this command's streams, and ends as it does. */
export async function execute(component: string, argv: readonly string[], flags: ExecFlags): Promise<void> {
  const name = await nameOf(flags);
  // What follows the component's name is passed on as it is, the separator included.
  const program = argv[0] === "--" ? argv.slice(1) : argv;
  if (program.length === 0)
    throw new BulkheadError("USAGE", { detail: "name the program: bulkhead service exec COMPONENT -- PROGRAM" });
  let exitCode: number = EXIT.bulkhead;
  for await (const answer of ask(name, { op: "exec", component, argv: program }, forwardInput)) {
    const { stdout, stderr, signal } = answer;
    if (typeof stdout === "string") await write(process.stdout, stdout);
    else if (typeof stderr === "string") await write(process.stderr, stderr);
    else if (typeof answer["exitCode"] === "number") exitCode = answer["exitCode"];
    else if (typeof signal === "string") exitCode = exitCodeOfSignal(signal);
  }
  await finish(exitCode);
}

async function write(stream: NodeJS.WriteStream, base64: string): Promise<void> {
  await new Promise((resolve) => stream.write(Buffer.from(base64, "base64"), resolve));
}

function forwardInput(socket: Socket): void {
  const send = (value: object) => socket.write(`${JSON.stringify(value)}\n`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) process.on(signal, () => void send({ signal }));
  // A terminal is not forwarded: the program inside has none.
  if (process.stdin.isTTY === true) {
    send({ end: true });
    return;
  }
  void forwardStdin(socket, send);
}

async function forwardStdin(socket: Socket, send: (value: object) => boolean): Promise<void> {
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      if (!send({ stdin: chunk.toString("base64") }))
        await Promise.race([once(socket, "drain"), once(socket, "close")]);
    }
  } catch {
    // An input that cannot be read ends here.
  }
  send({ end: true });
}
