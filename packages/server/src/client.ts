/** A client of the server with the shape of the library: `run` and `Sandbox`, on another machine. */

export { Bulkhead, type ClientOptions, type RemoteRunOptions } from "./client/bulkhead.js";
export { ApiError } from "./client/errors.js";
export { type OutputOptions, type RemoteOutput, RemoteProcess } from "./client/process.js";
export type { RemoteExecOptions, RemoteResult, RemoteRunResult, RemoteStartOptions } from "./client/results.js";
export { RemoteFiles, RemoteSandbox } from "./client/sandbox.js";
