// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Attacking a sandbox to test it, and measuring its attack surface.
 *
 * @module bulkhead/verify
 */

export { surfaceChart } from "./surface/chart.js";
export { measurePeers, type PeerSurface } from "./surface/peers.js";
export { type SummaryRow, type SurfaceSummary, summariseSurfaces } from "./surface/summary.js";
export { type HostReach, measureSurface, type Surface } from "./surface/surface.js";
export type { AttemptResult } from "./verify/result.js";
export { type Verification, verifyLevel } from "./verify/verify.js";
