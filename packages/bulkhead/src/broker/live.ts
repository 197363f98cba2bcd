import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { requireArguments } from "../arguments/require.js";
import { hostPath, object, text } from "../arguments/values.js";
import { isInteger, isObject, isText, type JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { wardenPath } from "../host/locate.js";
import { SYSTEM_SOCKET } from "./system-command.js";

/** A sandbox that is alive on this machine, as its broker tells of it. */
export interface LiveSandbox {
  readonly id: string;
  readonly level: string;
  readonly state: "launching" | "running" | "paused" | "ending";
  /** Whose it is. */
  readonly uid: number;
  /** Of its init. */
  readonly pid: number;
  /** Of the program that made it; 0 where that cannot be seen from here. */
  readonly callerPid: number;
  readonly ageMs: number;
  /** The socket of the system broker that made it; null: a private one. */
  readonly broker: string | null;
}

/** What {@link listSandboxes} found. */
export interface LiveSandboxes {
  readonly sandboxes: readonly LiveSandbox[];
  /** Brokers that did not answer, and sandboxes that there was no room for. */
  readonly missing: number;
}

export interface LiveOptions {
  /** A system broker's socket. Default: BULKHEAD_BROKER, or the usual one where there is one. */
  readonly broker?: string;
}

/** A listing of a few hundred from each of some brokers. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
const STATES: ReadonlySet<unknown> = new Set<LiveSandbox["state"]>(["launching", "running", "paused", "ending"]);
const GONE_MS = 5_000;
const PAUSE_MS = 20;

/**
 * The sandboxes of this user on this machine, whichever program made them, the oldest first; for root those of every user.
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
 * Ends a sandbox of this user, or for root of any, at once, and resolves when nothing of it is left. What its program was told: it was killed.
 * @throws BulkheadError ID_UNKNOWN, SETUP_MISSING, BROKER_UNAVAILABLE
 */
export async function killSandbox(id: string, options: LiveOptions = {}): Promise<void> {
  requireArguments("killSandbox", ["id", text, id], ["options", liveOptions, options]);
  const { killed } = await askAll("kill", [id], options);
  if (killed !== true) throw new BulkheadError("ID_UNKNOWN", { operation: "kill", detail: id.slice(0, 64) });
  for (const until = Date.now() + GONE_MS; Date.now() < until; ) {
    const { sandboxes } = await listSandboxes(options);
    if (!sandboxes.some((sandbox) => sandbox.id === id)) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new BulkheadError("BROKER_UNAVAILABLE", { operation: "wait for the end", detail: id.slice(0, 64) });
}

const liveOptions = object({ broker: hostPath });

/** At the usual place there may be no broker, or the socket of one that has died. */
async function askAll(what: string, words: readonly string[], options: LiveOptions): Promise<JsonObject> {
  const named = options.broker ?? process.env["BULKHEAD_BROKER"] ?? "";
  if (named !== "") return await ask([what, ...words, "--socket", named]);
  const alone = () => ask([what, ...words]);
  return existsSync(SYSTEM_SOCKET)
    ? await ask([what, ...words, "--socket", SYSTEM_SOCKET]).catch(alone)
    : await alone();
}

/** The warden asks: it sees whose a broker is, and Node does not. */
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
  if (!isObject(sandbox)) throw unexpected("sandbox");
  const { id, level, state, uid, pid, callerPid, ageMs } = sandbox as Readonly<
    Partial<Record<keyof LiveSandbox, unknown>>
  >;
  const numbers = isInteger(uid, 0) && isInteger(pid, 0) && isInteger(callerPid, 0) && isInteger(ageMs, 0);
  if (!numbers || !isText(id, 64) || !isText(level, 16) || !isState(state)) throw unexpected("sandbox");
  return { id, level, state, uid, pid, callerPid, ageMs, broker: typeof broker === "string" ? broker : null };
}

function isState(value: unknown): value is LiveSandbox["state"] {
  return STATES.has(value);
}

function unexpected(detail: string): BulkheadError {
  return new BulkheadError("BROKER_UNAVAILABLE", { operation: "decode", detail });
}
