import type { Duplex } from "node:stream";
import type { Evidence } from "../broker/evidence.js";
import type { Ended, Launched, Stats } from "../broker/messages.js";
import type { Plan } from "../plan/schema.js";

/** Turns plans into running sandboxes at one or more levels. All that it makes of one is a channel and a way to kill it. */
export interface Driver {
  /** Starts it and returns at once; {@link Running.launched} tells what became of it. */
  launch(plan: Plan): Running;
}

/** One sandbox, seen from outside. What it promises comes from the broker, never from the inside. */
export interface Running {
  readonly id: string;
  /** The channel's bytes; may be written to at once. */
  readonly transport: Duplex;
  /** Resolves when init runs; rejects with why nothing was started. */
  readonly launched: Promise<Launched>;
  /** Resolves when nothing of it is left; rejects when there never was anything, or the broker is lost. */
  readonly ended: Promise<Ended>;
  /** Ends everything inside. Needs no help from there. */
  kill(): void;
  /** Ends it by closing its channel, on which init exits; it is killed when that has not helped at once. */
  release(): void;
  /** Whether it keeps this process alive: it does from the start, as long as nothing else is said. */
  keepAlive?(alive: boolean): void;
  stats(): Promise<Stats>;
  evidence(): Promise<Evidence>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Writes a copy of it, as it stands, to new files, `file` and those beside it; it goes on itself. Missing where a level cannot. `silence`: of the channel. */
  snapshot?(silence: () => Promise<() => void>, file: string): Promise<SavedMachine>;
}

/** A file of a saved machine, as it was when it was written. */
export interface SavedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What a saved machine only goes on with: SHA-256 digests, each of one thing. */
export interface Tie {
  readonly kernel: string;
  readonly initramfs: string;
  /** The monitor's program and its firmware. */
  readonly monitor: string;
  /** What the monitor is told: devices, memory, processors, command line. */
  readonly machine: string;
  /** What the guest was told: the workload's plan, without the names that each sandbox has of its own. */
  readonly workload: string;
  /** Disks, the root first. */
  readonly images: readonly string[];
}

/** A machine that was written down. */
export interface SavedMachine {
  readonly tie: Tie;
  /** In the order in which a monitor is told of them. */
  readonly files: readonly SavedFile[];
}
