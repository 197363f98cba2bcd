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
  stats(): Promise<Stats>;
  evidence(): Promise<Evidence>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Writes a copy of it, as it stands, to a new file; it goes on itself. Missing where a level cannot. `silence`: of the channel. */
  snapshot?(silence: () => Promise<() => void>, file: string): Promise<void>;
}
