import type { ImageConfig } from "./image-config.js";
import { invalid } from "./invalid.js";
import { quoted, shortened } from "./notes.js";

/** The longest string that Linux accepts in an `execve`, without the trailing NUL (`MAX_ARG_STRLEN`). */
const LONGEST_BYTES = 131_071;
/** Bytes of all strings together: they travel to init in one message of 1 MiB, with the policy's. */
const ALL_BYTES = 768 * 1024;

/**
 * `NAME=value`; the last of two wins, as in Docker. A line without a name is not a variable: it is left out, and
 * `notes` names it. A null prototype, because a name may be `__proto__`.
 */
export function environmentOf(lines: readonly string[], notes: string[]): Readonly<Record<string, string>> {
  const env: Record<string, string> = Object.create(null);
  const dropped: string[] = [];
  for (const line of lines) {
    const equals = line.indexOf("=");
    if (equals < 1) dropped.push(line);
    else env[line.slice(0, equals)] = line.slice(equals + 1);
  }
  notes.push(...shortened(dropped, (line) => `config.Env: left out ${quoted(line)}, which is not NAME=value`));
  return env;
}

/**
 * Throws IMAGE_INVALID for strings that no kernel executes: they would fail late, with a misleading message about the
 * program.
 */
export function requireExecutable({ entrypoint, cmd, env }: ImageConfig): void {
  const fields = {
    Entrypoint: entrypoint,
    Cmd: cmd,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
  };
  let bytes = 0;
  for (const [field, strings] of Object.entries(fields)) {
    if (strings.some((text) => Buffer.byteLength(text) > LONGEST_BYTES)) {
      throw invalid("read image configuration", `config.${field}: a string of more than ${LONGEST_BYTES} bytes`);
    }
    bytes += Buffer.byteLength(JSON.stringify(strings));
    if (bytes > ALL_BYTES) {
      throw invalid("read image configuration", `config.${field}: more than ${ALL_BYTES} bytes in all`);
    }
  }
}
