import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { requireArguments } from "../arguments/require.js";
import { hostPath, object, text } from "../arguments/values.js";
import { isInteger, isObject, type JsonObject } from "../channel/json.js";
import { checked } from "../contract/check.js";
import { checkLive, type Live } from "../contract/generated/control-messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { wardenPath } from "../host/locate.js";
import { SYSTEM_SOCKET } from "./system-command.js";

/** A live sandbox on this machine, as its broker reports it. */
export interface LiveSandbox extends Live {
  /** Socket of the system broker that created it; null for a private broker. */
  readonly broker: string | null;
}

/** Result of {@link listSandboxes}. */
export interface LiveSandboxes {
  readonly sandboxes: readonly LiveSandbox[];
  /** Number of brokers that did not answer, plus sandboxes that did not fit into an answer. */
  readonly missing: number;
}

export interface LiveOptions {
  /** A system broker's socket. Default: BULKHEAD_BROKER, or the standard socket if it exists. */
  readonly broker?: string;
}

/** Enough for a few hundred sandboxes from each of several brokers. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
const GONE_MS = 5_000;
const PAUSE_MS = 20;

/**
 * Lists this user's sandboxes on this machine, whichever program created them, oldest first; for root, those of every
 * user.
 * @throws BulkheadError SETUP_MISSING, BROKER_UNAVAILABLE
 */
export async function listSandboxes(options: LiveOptions = {}): Promise<LiveSandboxes> {
  requireArguments("listSandboxes", ["options", liveOptions, options]);
  const { sandboxes, missing } = await askAll("list", [], options);
  if (!Array.isArray(sandboxes)) throw unexpected("sandboxes");
  const rows = sandboxes.map(readRow).sort((one, other) => other.ageMs - one.ageMs);
  return { sandboxes: rows, missing: isInteger(missing, 0) ? missing : 0 };
}

/**
 * Kills a sandbox of this user, or for root of any user, and resolves when nothing of it is left. The program that
 * created it sees that it was killed.
 * @throws BulkheadError ID_UNKNOWN, SETUP_MISSING, BROKER_UNAVAILABLE
 */
export async function killSandbox(id: string, options: LiveOptions = {}): Promise<void> {
  requireArguments("killSandbox", ["id", text, id], ["options", liveOptions, options]);
  const { killed } = await askAll("kill", [id], options);
  if (killed !== true) throw new BulkheadError("ID_UNKNOWN", { operation: "kill", detail: id.slice(0, 64) });
  for (const until = performance.now() + GONE_MS; performance.now() < until; ) {
    const { sandboxes } = await listSandboxes(options);
    if (!sandboxes.some((sandbox) => sandbox.id === id)) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new BulkheadError("BROKER_UNAVAILABLE", { operation: "wait for the end", detail: id.slice(0, 64) });
}

const liveOptions = object({ broker: hostPath });

/** The standard path may have no broker, or the socket of a dead one. */
async function askAll(what: string, words: readonly string[], options: LiveOptions): Promise<JsonObject> {
  const named = options.broker ?? process.env["BULKHEAD_BROKER"] ?? "";
  if (named !== "") return await ask([what, ...words, "--socket", named]);
  const alone = () => ask([what, ...words]);
  return existsSync(SYSTEM_SOCKET)
    ? await ask([what, ...words, "--socket", SYSTEM_SOCKET]).catch(alone)
    : await alone();
}

/** Lets the warden ask: it can check the broker's uid, and Node cannot. */
async function ask(words: readonly string[]): Promise<JsonObject> {
  const args = ["sandboxes", ...words];
  const answer = await new Promise<string>((resolve, reject) => {
    execFile(wardenPath(), args, { maxBuffer: LARGEST_ANSWER, env: {} }, (cause, stdout, stderr) => {
      const detail = stderr.trim();
      if (cause === null) resolve(stdout);
      else
        reject(
          new BulkheadError("BROKER_UNAVAILABLE", {
            operation: "sandboxes",
            cause,
            ...(detail === "" ? {} : { detail }),
          }),
        );
    });
  });
  const parsed: unknown = JSON.parse(answer);
  if (!isObject(parsed)) throw unexpected("answer");
  return parsed;
}

function readRow(row: unknown): LiveSandbox {
  const { broker, sandbox } = isObject(row) ? row : {};
  const live = checked(checkLive, sandbox, (path) => unexpected(`sandbox${path}`));
  return { ...live, broker: typeof broker === "string" ? broker : null };
}

function unexpected(detail: string): BulkheadError {
  return new BulkheadError("BROKER_UNAVAILABLE", { operation: "decode", detail });
}
