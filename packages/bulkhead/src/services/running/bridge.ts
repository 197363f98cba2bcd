import { openBridge } from "../channels/bridge.js";
import type { Bridge, ChannelSpec } from "../channels/contract.js";
import type { ServiceListener } from "./events.js";

/** Opens the bridge that joins the components of a service, and reports its events. */
export async function openServiceBridge(channels: readonly ChannelSpec[], emit: ServiceListener): Promise<Bridge> {
  return await openBridge(channels, {
    onEvent: (event) => emit({ kind: "channel", at: event.at, event }),
  });
}
