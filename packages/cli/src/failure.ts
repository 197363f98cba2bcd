import { EXIT } from "./exit-codes.js";
import { styleFor } from "./output/style.js";
import { finish, jsonLine, print } from "./output/write.js";

/** What the library's errors look like; recognised by shape, so that reporting needs nothing loaded. */
interface Described {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Reports an error on stderr, with `--json` also as an object on stdout, and ends with 125. Help that was asked for is no error. */
export async function fail(error: unknown, json: boolean): Promise<never> {
  if (isCommander(error)) {
    // It has printed its message already.
    return await finish(error.exitCode === 0 ? 0 : EXIT.bulkhead);
  }
  const described = describeFailure(error);
  const style = styleFor(process.stderr);
  const lines = [`${style.bad("bulkhead:")} ${style.strong(described.code)}: ${described.message}`];
  if (described.remedy !== "") lines.push(`  ${style.dim("remedy:")} ${described.remedy}`);
  await print(process.stderr, `${lines.join("\n")}\n`);
  if (json) await print(process.stdout, jsonLine({ error: isDescribed(error) ? error : described }));
  return await finish(EXIT.bulkhead);
}

function describeFailure(error: unknown): Described {
  if (isDescribed(error)) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "UNEXPECTED", message, remedy: "This is a bug in Bulkhead: please report it with the lines above." };
}

function isDescribed(error: unknown): error is Error & Described {
  return error instanceof Error && "code" in error && "remedy" in error;
}

function isCommander(error: unknown): error is Error & { readonly exitCode: number } {
  return (
    error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander.")
  );
}
