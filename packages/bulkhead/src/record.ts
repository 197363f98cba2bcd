// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Signed records of runs: reading and verifying them, and their keys.
 *
 * @module bulkhead/record
 */

export { formatEnvelope, verifyRecord } from "./record/envelope.js";
export { type InstallationCheck, type InstallationProblem, verifyInstallation } from "./record/installation.js";
export { openPublicKey, openRecordKey, type RecordKey, recordKeyPath } from "./record/key.js";
export { readRecord } from "./record/read.js";
