// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Services made of components, each behind its own wall, with every way from one to another declared.
 *
 * @module bulkhead/services
 */

export type { Blast, BlastPath, KernelSurface, ReachedComponent } from "./services/blast/blast.js";
export type { Points } from "./services/blast/points.js";
export type { ChannelEvent, ChannelLimits, ChannelSpec } from "./services/channels/contract.js";
export { type Imported, importCompose } from "./services/compose/import.js";
export type { NotTaken } from "./services/compose/left.js";
export { isServiceName } from "./services/file/schema.js";
export { serviceJsonSchema } from "./services/json-schema.js";
export type {
  ComponentSpec,
  ListenSpec,
  OfferSpec,
  ReadySpec,
  RestartSpec,
  ServiceSpec,
  Target,
} from "./services/model.js";
export type { Change } from "./services/running/changes.js";
export type {
  ComponentState,
  ComponentStatus,
  ConnectionEvent,
  OutputEvent,
  ServiceEvent,
  ServiceListener,
  StateEvent,
} from "./services/running/events.js";
export type { RunningService } from "./services/running/running-service.js";
export { Service, type UpOptions } from "./services/service.js";
export type {
  ServiceVerification,
  TriedWay,
  VerifiedComponent,
  VerifiedPair,
} from "./services/verify/contract.js";
export type { AttemptResult } from "./verify/result.js";
