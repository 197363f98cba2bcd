import { createServer, type Server, type ServerOptions } from "node:http";

/**
 * A server for connections that are passed to it, each half of which ends separately: a client that has sent its
 * request and shut down that half still gets its answer. Node's default drops pending answers.
 */
export function halfOpenServer(options: ServerOptions): Server {
  // Not an option of `createServer`, but the property that Node checks when a client has sent everything.
  return Object.assign(createServer(options), { httpAllowHalfOpen: true });
}
