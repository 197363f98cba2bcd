import type { ImageConfig } from "./image-config.js";
import { invalid } from "./invalid.js";
import { quoted, shortened } from "./notes.js";

/** The longest string that Linux takes in an `execve`, without the NUL behind it (`MAX_ARG_STRLEN`). */
const LONGEST_BYTES = 131_071;
/** Of all strings together: they travel to init in one message of 1 MiB, with those of the policy. */
const ALL_BYTES = 768 * 1024;

/**
 * `NAME=value`; the last of two wins, as in Docker. A line without a name is no variable: it is left out, and `notes` names it. A null prototype,
 * since a name may be `__proto__`.
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

/** Throws IMAGE_INVALID for what no kernel executes: it would fail late, with words about the program. */
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
