import { freemem } from "node:os";
import { abortSignal, bytes, duration, type Hints, object, whole } from "../arguments/values.js";
import { prepareShape } from "../sandbox/options.js";
import type { PrepareOptions } from "../sandbox/prepare/options.js";

export interface PoolOptions extends Pick<PrepareOptions, "broker" | "images" | "egress"> {
  /** Minimum number of ready sandboxes. Default 1. */
  readonly min?: number;
  /** Maximum number of sandboxes that are ready or starting. Default 8, or `min` if that is more. */
  readonly max?: number;
  /**
   * Maximum bytes of all ready sandboxes together: what their cgroups are charged, and the memory of their helper
   * processes. Default: a quarter of the memory that is free now.
   */
  readonly memoryBytes?: number;
  /** Maximum concurrent starts in the background, each of which takes a processor. Default 1. */
  readonly starts?: number;
  /** Milliseconds after which an unused sandbox is replaced. Default 10 minutes. */
  readonly maxAgeMs?: number;
}

const HINTS: Hints = {
  size: "the bounds are `min` and `max`",
  memory: "it is `memoryBytes`; the memory of each sandbox is `resources.memory` of the policy",
  idle: "what stands ready too long is replaced after `maxAgeMs`",
};

const { broker, images, egress } = prepareShape;

export const poolOptions = object<PoolOptions>(
  {
    broker,
    images,
    egress,
    min: whole(0, 1024),
    max: whole(1, 1024),
    memoryBytes: bytes,
    starts: whole(1, 64),
    maxAgeMs: duration,
  },
  HINTS,
);

/** Stops waiting for a sandbox; the promise rejects with ABORTED. */
export interface TakeOptions {
  readonly signal?: AbortSignal;
}

export const takeOptions = object<TakeOptions>({ signal: abortSignal });

/** Options with defaults applied. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly memoryBytes: number;
  readonly starts: number;
  readonly maxAgeMs: number;
}

export function boundsOf({ min = 1, max, memoryBytes, starts = 1, maxAgeMs = 600_000 }: PoolOptions): Bounds {
  return {
    min,
    max: Math.max(min, max ?? 8),
    memoryBytes: memoryBytes ?? Math.floor(freemem() / 4),
    starts,
    maxAgeMs,
  };
}
