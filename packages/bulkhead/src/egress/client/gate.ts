import { promises } from "node:fs";
import type { Socket } from "node:net";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { Helper } from "../../helpers/helper.js";
import type { Methods } from "../../helpers/peer.js";
import type { Level } from "../../policy/level.js";
import { looksInside } from "../../policy/network/looks-inside.js";
import type { NetworkRules, Secret } from "../../policy/network/types.js";
import { deferred } from "../../values/deferred.js";
import { Faults } from "../faults.js";
import { type Handed, handed } from "../handed.js";
import type { EgressOptions } from "../options.js";
import type { Start } from "../process/start.js";
import { checkWildcards } from "../rules/public-suffix.js";
import { loadSecrets } from "../secrets/load.js";
import { readAsk, readBundle, readEnded, readEvents, readName } from "./event.js";

const BUNDLE_BYTES = 4 * 1024 * 1024;
/** A tunnel needs one descriptor, not two, and name resolution a few more. */
const OPEN_FILES = 4096;
/** How long a gate may take to report the connections of a sandbox that is gone. */
const FINISH_MS = 2_000;
/** How long a gate may take to report what programs have done so far: their results wait for that. */
const FLUSH_MS = 2_000;
/** How long a gate may take to apply new rules. */
const CHANGE_MS = 10_000;

/** Parameters of a gate. */
export interface GateParts {
  readonly level: Level;
  readonly rules: NetworkRules;
  readonly secrets: readonly Secret[];
  readonly options: EgressOptions;
  /** PEM: CAs that the sandbox's own root trusts. */
  readonly bundles: readonly string[];
}

/**
 * One sandbox's egress, as the library sees it. A separate process holds the connection to init, and none of its bytes
 * come here. The library bounds and checks that process's messages; none of them can affect another sandbox.
 */
export class Gate implements Handed {
  /** Errors that the caller's hooks and listeners threw. */
  readonly faults: Faults;
  readonly env: Handed["env"];
  readonly bundle: Handed["bundle"];
  /** Whether functions of the caller are told of events, so that a result waits for them. */
  readonly isObserved: boolean;
  readonly #helper: Helper;
  readonly #started: Promise<unknown>;
  #changed: Promise<void> = Promise.resolve();
  readonly #lost: Promise<BulkheadError>;
  #closed: Promise<void> | undefined;

  /**
   * Starts the gate's process and hands the connection over to it.
   * @throws BulkheadError SECRET_UNAVAILABLE, POLICY_INVALID (a wildcard on a public suffix), SETUP_MISSING,
   * HELPER_FAILED, HELPER_LOST
   */
  static async open(parts: GateParts, connection: () => Promise<Socket>): Promise<Gate> {
    const { rules, secrets, options } = parts;
    checkWildcards(rules.allow, secrets);
    const [loaded, moreAuthorities] = await Promise.all([loadSecrets(secrets), authoritiesOfCaller()]);
    const trusts = looksInside(rules, secrets);
    const faults = new Faults();
    const ended = deferred<BulkheadError>();
    const helper = await startHelper(connection, methodsOf(options, faults, ended.resolve));
    void helper.ended.then(ended.resolve);
    const started = helper.call("start", {
      level: parts.level,
      rules,
      secrets: loaded,
      bundles: trusts ? parts.bundles : [],
      authorities: options.authorities ?? [],
      moreAuthorities,
      resolver: resolverOf(options),
      asks: options.onEgress !== undefined,
      listens: options.onEgressEvent !== undefined,
    } satisfies Start);
    started.catch(() => undefined);
    try {
      // Wait only for what goes into the plan.
      const content = trusts ? readBundle((await started).value, BUNDLE_BYTES) : null;
      const observed = options.onEgress !== undefined || options.onEgressEvent !== undefined;
      return new Gate(helper, started, faults, ended.promise, handed(loaded, content), observed);
    } catch (error) {
      helper[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(
    helper: Helper,
    started: Promise<unknown>,
    faults: Faults,
    lost: Promise<BulkheadError>,
    { env, bundle }: Handed,
    isObserved: boolean,
  ) {
    this.#helper = helper;
    this.#started = started;
    this.faults = faults;
    this.#lost = lost;
    this.env = env;
    this.bundle = bundle;
    this.isObserved = isObserved;
  }

  /** Process id of the gate. */
  get pid(): number {
    return this.#helper.pid;
  }

  /** Memory of the gate's process. The sandbox's cgroup is not charged for it. */
  memoryBytes(): number {
    return this.#helper.memoryBytes();
  }

  /** Calls `told` if the gate is gone or init broke the protocol, but not after `close`. */
  whenLost(told: (error: BulkheadError) => void): void {
    void this.#lost.then((error) => {
      if (this.#closed === undefined) told(error);
    });
  }

  /** Resolves when the proxies listen inside. @throws BulkheadError LISTEN_FAILED, HELPER_FAILED, HELPER_LOST */
  async listening(): Promise<void> {
    await this.#started;
    // The sandbox may still boot: the caller limits this wait.
    await this.#helper.call("listening", null, undefined, Infinity);
  }

  /**
   * Replaces the rules; resolves when the new ones are in force.
   * @throws BulkheadError POLICY_INVALID, at once; the old rules then stay
   */
  change(rules: NetworkRules): Promise<void> {
    checkWildcards(rules.allow, []);
    const done = this.#helper.call("change", rules).then(nothing);
    // A gate that does not answer would keep the old rules in force too long, so end it and its sandbox.
    this.#changed = within(CHANGE_MS, done, () => this.#helper[Symbol.dispose]());
    this.#changed.catch(() => undefined);
    return this.#changed;
  }

  /** Resolves when the last change of the rules is in force. */
  async settled(): Promise<void> {
    await this.#changed;
  }

  /**
   * Resolves when the listener has received all events of programs inside so far. Never rejects: a lost gate has
   * already ended the sandbox.
   */
  async flush(): Promise<void> {
    await within(FLUSH_MS, this.#helper.call("flush", null).then(nothing, nothing));
  }

  /** Ends the gate after the sandbox is gone and the listener has received the outcome of its connections. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    await within(FINISH_MS, this.#helper.call("finish", null).then(nothing, nothing));
    this.#helper[Symbol.dispose]();
  }
}

function nothing(): void {}

/** Waits with a time limit: a compromised gate need not answer. */
async function within(limitMs: number, work: Promise<void>, late: () => void = nothing): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late();
      resolve();
    }, limitMs);
  });
  try {
    await Promise.race([work, passed]);
  } finally {
    clearTimeout(timer);
  }
}

/** Close the connection here as soon as the gate has it. */
async function startHelper(connect: () => Promise<Socket>, methods: Methods): Promise<Helper> {
  const connection = await connect();
  try {
    return Helper.start({ kind: "gate", network: true, descriptors: [connection], files: OPEN_FILES, methods });
  } finally {
    connection.destroy();
  }
}

/** Methods that a gate may call. Each checks its arguments, because the gate may be compromised. */
function methodsOf(options: EgressOptions, faults: Faults, ended: (error: BulkheadError) => void): Methods {
  const listener = faults.listener(options.onEgressEvent);
  const hook = options.onEgress && faults.hook(options.onEgress);
  const { resolver } = options;
  /** An invalid argument means that the gate is compromised. */
  const checked = <T>(read: (value: unknown) => T, value: unknown): T => {
    try {
      return read(value);
    } catch (error) {
      if (error instanceof BulkheadError) ended(error);
      throw error;
    }
  };
  return {
    events: async (value) => {
      for (const event of checked(readEvents, value)) listener(event);
      return { value: null };
    },
    ask: async (value) => {
      const said = await hook?.(checked(readAsk, value));
      return { value: said === undefined ? null : said === "allow" ? "allow" : "deny" };
    },
    resolve: async (value) => {
      const name = checked(readName, value);
      return { value: typeof resolver === "function" ? await resolver(name) : [] };
    },
    ended: async (value) => {
      const { violation } = checked(readEnded, value);
      if (violation !== null)
        ended(new BulkheadError("PROTOCOL_VIOLATION", { operation: "read egress", detail: violation }));
      return { value: null };
    },
  };
}

function resolverOf({ resolver }: EgressOptions): Start["resolver"] {
  if (resolver === undefined) return null;
  return typeof resolver === "function" ? "caller" : resolver.servers;
}

/**
 * Certificates of NODE_EXTRA_CA_CERTS as PEM: the gate's process does not get the variable, and only the caller may be
 * able to read the file.
 */
async function authoritiesOfCaller(): Promise<string> {
  const path = process.env["NODE_EXTRA_CA_CERTS"];
  if (path === undefined || path === "") return "";
  return await promises.readFile(path, "utf8").catch(() => "");
}
