import type { Duplex } from "node:stream";

/**
 * apt sends ten at once on one connection; few clients send more than one. Each pending request costs memory of this
 * process.
 */
const MOST_WAITING = 32;

interface Asked {
  count: number;
  readonly gone: Set<() => void>;
}

const connections = new WeakMap<Duplex, Asked>();

/** Counts a pending request of a connection. Undefined if there are too many; the connection is then ended. */
export function wait(socket: Duplex): Disposable | undefined {
  if (socket.destroyed) return undefined;
  const asked = of(socket);
  if (asked.count >= MOST_WAITING) {
    socket.destroy();
    return undefined;
  }
  asked.count += 1;
  return {
    [Symbol.dispose]: () => {
      asked.count -= 1;
    },
  };
}

/** Whether a connection has no pending request. */
export function isIdle(socket: Duplex): boolean {
  return of(socket).count === 0;
}

/** Calls `act` when a connection ends, until it is disposed of. */
export function whenGone(socket: Duplex, act: () => void): Disposable {
  const { gone } = of(socket);
  gone.add(act);
  return { [Symbol.dispose]: () => void gone.delete(act) };
}

function of(socket: Duplex): Asked {
  const known = connections.get(socket);
  if (known !== undefined) return known;
  const asked: Asked = { count: 0, gone: new Set() };
  connections.set(socket, asked);
  // One listener, however many requests there are.
  socket.once("close", () => {
    for (const act of asked.gone) act();
  });
  return asked;
}
