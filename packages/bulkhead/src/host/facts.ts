/** What the broker can see of its host. */
export type { Facts } from "../contract/generated/control-messages.js";
