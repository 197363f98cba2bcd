import { defined } from "./defined.js";
import { EXIT } from "./exit-codes.js";
import { Interrupted } from "./interrupted.js";
import { styleFor } from "./output/style.js";
import { finish, jsonLine, print, requestedFailure } from "./output/write.js";
import type { CommandLine } from "./usage.js";

/** The shape of the library's errors; recognised by shape, so that reporting loads nothing. */
interface Described {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Reports an error on stderr, with `--json` also as an object on stdout, and exits with 125. Requested help is not an
 * error; a run that a signal ended prints nothing on stderr, because the sender knows why.
 */
export async function fail(thrown: unknown, asked: CommandLine): Promise<never> {
  const error = isCommander(thrown) && thrown.exitCode === 0 ? await requestedFailure() : thrown;
  if (error === undefined) return await finish(0);
  const { json } = asked;
  if (error instanceof Interrupted) {
    if (json) await say(process.stdout, jsonLine({ error: error.described }));
    return await finish(error.exitCode);
  }
  const described = describeFailure(error, asked);
  const style = styleFor(process.stderr);
  const lines = [`${style.bad("bulkhead:")} ${style.strong(described.code)}: ${described.message}`];
  if (described.remedy !== "") lines.push(`  ${style.dim("remedy:")} ${described.remedy}`);
  await say(process.stderr, `${lines.join("\n")}\n`);
  if (json) await say(process.stdout, jsonLine({ error: described }));
  return await finish(EXIT.bulkhead);
}

/** A failure to report a failure has nowhere to go. */
async function say(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await print(stream, text).catch(() => undefined);
}

function describeFailure(error: unknown, asked: CommandLine): Described {
  if (isDescribed(error)) return error;
  if (isCommander(error)) return describeUsage(error, asked);
  if (isOfSystem(error)) return describeOfSystem(error);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "UNEXPECTED", message, remedy: "Report this with the lines above: it is a bug in Bulkhead." };
}

/** As the library's `USAGE`. Commander's message is `error: …`, with a suggestion on a line of its own. */
function describeUsage({ code, message }: Commander, { command, unknown }: CommandLine) {
  const missing = unknown === undefined ? "a command is missing" : `unknown command '${unknown}'`;
  const detail =
    code === "commander.help" ? missing : message.replace(/^error: /, "").replace(/\n\((Did you mean .*)\)$/, ". $1");
  const remedy = `See \`${["bulkhead", "help", ...command].join(" ")}\`.`;
  return { code: "USAGE", fault: "user", message: `the command line is not valid: ${oneLine(detail)}`, remedy, detail };
}

/** As the library's `PATH_UNUSABLE`: a path from the command line, or a component of one. */
function describeOfSystem({ message, syscall, path, errno }: OfSystem) {
  return {
    code: "PATH_UNUSABLE",
    fault: "user",
    message: `a path on this host could not be used (${oneLine(message)})`,
    remedy: "Check that the path exists, that it has the right file type, and that you have permission to use it.",
    operation: syscall,
    ...defined({ path }),
    errno: -errno,
  };
}

/** Words of a command line, and names of files, may contain terminal control characters. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\u{fffd}");
}

function isDescribed(error: unknown): error is Error & Described {
  return error instanceof Error && "code" in error && "remedy" in error;
}

type Commander = Error & { readonly exitCode: number; readonly code: string };

function isCommander(error: unknown): error is Commander {
  return (
    error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander.")
  );
}

type OfSystem = Error & { readonly errno: number; readonly syscall: string; readonly path?: string };

/** The error that Node throws when a system call fails. */
function isOfSystem(error: unknown): error is OfSystem {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" && "syscall" in error;
}
