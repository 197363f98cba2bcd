import { createServer, type Server, type ServerOptions } from "node:http";

/**
 * A server for connections that are handed to it, each half of which ends by itself: a client that has sent its request and shut that half down
 * still gets its answer. Node's own default drops what is not answered yet.
 */
export function halfOpenServer(options: ServerOptions): Server {
  // No option of `createServer`, but what Node looks at when a client has said all it has to say.
  return Object.assign(createServer(options), { httpAllowHalfOpen: true });
}
