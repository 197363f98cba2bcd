// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The host: what it can enforce, its brokers, and kernels for microVMs.
 *
 * @module bulkhead/host
 */

export { Broker } from "./broker/broker.js";
export type { BrokerLimits } from "./broker/messages.js";
export { SYSTEM_SOCKET, type SystemBrokerOptions, systemBrokerCommand } from "./broker/system-command.js";
export type { EnsureKernelOptions } from "./guest/kernel/ensure.js";
export type { Kernel } from "./guest/kernel/store.js";
export { kernels } from "./guest/kernels.js";
export type { KvmFinding } from "./host/examine/kvm.js";
export type { HostProgram } from "./host/examine/tools.js";
export { type Examination, examineHost } from "./host/examine.js";
export type { Facts } from "./host/facts.js";
export { type LevelAvailability, levelAvailability } from "./host/levels.js";
export { type InstallationPaths, installationPaths } from "./host/locate.js";
export type { MissingRequirement } from "./host/missing.js";
export type { OwnPart } from "./host/own-parts.js";
export { isAbandoned, newToken } from "./host/owner-token.js";
export type { HostReport, OwnerMaxima } from "./host/report.js";
export type { FoundSurroundings, Surroundings } from "./host/surroundings.js";
export { type ReportOptions, reportHost } from "./sandbox/report.js";
