import type { Broker } from "../broker/broker.js";
import type { Driver } from "./driver.js";

/** Levels `chroot` and `container`: the warden's broker sets them up itself, and its init serves the channel. */
export function wardenDriver(broker: Broker): Driver {
  return { launch: (plan) => broker.launch(plan) };
}
