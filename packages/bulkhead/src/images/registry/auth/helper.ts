import { spawn } from "node:child_process";
import * as z from "zod/mini";
import { defined } from "../../../values/defined.js";
import { type Credentials, credentialsError } from "./docker-config.js";

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/** The protocol has no code for it: this sentence, on stdout and with exit code 1, is part of it. */
const NOT_FOUND = "credentials not found in native keychain";
const TIMEOUT_MS = 30_000;
const LARGEST = 256 * 1024;

/**
 * Asks `docker-credential-NAME get` (https://github.com/docker/docker-credential-helpers) for the entry under `key`;
 * undefined if there is none. Throws REGISTRY_CREDENTIALS, which never contains the program's output.
 */
export async function askHelper(name: string, key: string, signal?: AbortSignal): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const { exitCode, stdout } = await talk(program, key, signal);
  if (exitCode !== 0) {
    if (stdout.trim() === NOT_FOUND) return undefined;
    throw credentialsError("run", program, `exit code ${exitCode ?? "none"}`);
  }
  let parsed: ReturnType<typeof answerSchema.safeParse>;
  try {
    parsed = answerSchema.safeParse(JSON.parse(stdout));
  } catch {
    throw credentialsError("run", program, "not JSON");
  }
  if (!parsed.success)
    throw credentialsError("run", program, String(parsed.error.issues[0]?.path[0] ?? "not an object"));
  const { Username: username, Secret: secret } = parsed.data;
  return username === "<token>"
    ? { kind: "identity", token: secret }
    : { kind: "password", username, password: secret };
}

function talk(
  program: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly exitCode: number | null; readonly stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], {
      // Its error messages may contain secrets.
      stdio: ["pipe", "pipe", "ignore"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      ...defined({ signal }),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > LARGEST) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(credentialsError("run", program, error.code ?? "failed")),
    );
    child.on("close", (exitCode) => resolve({ exitCode, stdout: Buffer.concat(chunks).toString("utf8") }));
    // It may exit without reading.
    child.stdin.on("error", () => undefined);
    child.stdin.end(key);
  });
}
