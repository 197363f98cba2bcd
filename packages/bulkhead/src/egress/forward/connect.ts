import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { THIS_HOST } from "../../addresses/special.js";
import { judge } from "../addresses/judge.js";
import { Refusal, reasonOf } from "./refusal.js";

const CONNECT_MS = 15_000;
/** RFC 8305 (happy eyeballs): how long to try one address before also trying the next. */
const ATTEMPT_MS = 250;

/** Connects to whichever of the permitted addresses answers first. Resolves no name. */
export async function connectTo(addresses: readonly string[], port: number): Promise<Socket> {
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (_host, _options, callback) => callback(null, pinned);
  const socket = connect({
    host: "pinned.invalid",
    port,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
  });
  await connected(socket);
  const remote = judge(socket.remoteAddress ?? "")?.address;
  if (remote === undefined || !addresses.includes(remote)) {
    socket.destroy();
    throw new Refusal("it was connected to another address than was decided");
  }
  // The kernel lets a host's own addresses talk to themselves. This detects one that no interface shows (without a
  // carrier, or a whole range that is local).
  if (judge(remote)?.special === null && judge(socket.localAddress ?? "")?.address === remote) {
    socket.destroy();
    throw new Refusal(`it leads to an address that is not public (${THIS_HOST}), and no rule names that`);
  }
  return socket;
}

async function connected(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => socket.destroy(new Refusal("it could not be connected to in time", { status: 504 })),
      CONNECT_MS,
    );
    socket.once("connect", () => {
      clearTimeout(late);
      socket.removeListener("error", failed);
      resolve();
    });
    const failed = (error: Error) => {
      clearTimeout(late);
      const reason = error instanceof Refusal ? error.message : `it could not be connected to: ${reasonOf(error)}`;
      reject(new Refusal(reason, { status: 502 }));
    };
    socket.once("error", failed);
  });
}
