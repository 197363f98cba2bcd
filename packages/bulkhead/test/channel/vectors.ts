import { readFileSync } from "node:fs";

/** The golden vectors that the Rust side is held to as well. */
interface Vector {
  readonly name: string;
  readonly from: "host" | "init";
  readonly hex: string;
  readonly frames: readonly VectorFrame[];
}

/** A frame as the vectors spell it. */
export interface VectorFrame {
  readonly kind: string;
  readonly stream: number;
  readonly json?: unknown;
  readonly fd?: number;
  readonly hex?: string;
  readonly bytes?: number;
}

export interface RefusedVector extends Vector {
  readonly layer: "frame" | "connection";
  readonly reason: string;
}

export const accepted: readonly Vector[] = load("accepted");
export const refused: readonly RefusedVector[] = load("refused");

function load<Loaded extends Vector>(name: string): readonly Loaded[] {
  const url = new URL(`../../../../warden/channel/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { readonly vectors: readonly Loaded[] }).vectors;
}
