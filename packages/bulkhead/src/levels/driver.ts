import type { Duplex } from "node:stream";
import type { Evidence } from "../broker/evidence.js";
import type { Ended, Launched, Stats } from "../broker/messages.js";
import type { Plan } from "../plan/schema.js";

/**
 * Turns plans into running sandboxes at one or more levels. Its whole output is a channel and a way to kill the
 * sandbox.
 */
export interface Driver {
  /** Starts the sandbox and returns at once; {@link Running.launched} reports the outcome. */
  launch(plan: Plan): Running;
}

/** One sandbox, seen from outside. Its promises settle by messages of the broker, never of the sandbox. */
export interface Running {
  readonly id: string;
  /** The channel's bytes; usable at once. */
  readonly transport: Duplex;
  /** Resolves when init runs; rejects with the reason if nothing was started. */
  readonly launched: Promise<Launched>;
  /** Resolves when nothing of the sandbox is left; rejects if it never existed, or the broker is lost. */
  readonly ended: Promise<Ended>;
  /** Ends everything inside, without any cooperation from there. */
  kill(): void;
  /** Closes the channel, on which init exits; kills the sandbox if it does not exit at once. */
  release(): void;
  /** Whether it keeps this process alive; it does by default. */
  keepAlive?(alive: boolean): void;
  stats(): Promise<Stats>;
  evidence(): Promise<Evidence>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Writes a copy of its current state to new files, `file` and others beside it, and lets it continue. Absent if the
   * level has no snapshots. `silence` makes the channel fall silent.
   */
  snapshot?(silence: () => Promise<() => void>, file: string): Promise<SavedMachine>;
}

/** A file of a saved machine, as it was when it was written. */
export interface SavedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What a saved machine needs to resume: SHA-256 digests, one for each part. */
export interface Tie {
  readonly kernel: string;
  readonly initramfs: string;
  /** The monitor's executable and firmware. */
  readonly monitor: string;
  /** The monitor's settings: devices, memory, processors, command line. */
  readonly machine: string;
  /** The guest's orders: the workload's plan, without names specific to one sandbox. */
  readonly workload: string;
  /** Disks, the root first. */
  readonly images: readonly string[];
}

/** A machine that was saved. */
export interface SavedMachine {
  readonly tie: Tie;
  /** In the order in which the monitor takes them. */
  readonly files: readonly SavedFile[];
}
