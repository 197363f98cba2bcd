// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Egress: hooks, events and the log of connections that a policy allows.
 *
 * @module bulkhead/egress
 */

export type { EgressAnswer, EgressAsk, EgressHook } from "./egress/hook.js";
export type { EgressEvent, EgressListener } from "./egress/log/event.js";
export { type EgressLog, egressLog } from "./egress/log/file.js";
export type { Resolve, ResolverOption } from "./egress/resolve/resolver.js";
