import { spawn } from "node:child_process";

/** systemd's own client answers at once. */
const LONGEST_MS = 10_000;

/**
 * Reports to the service manager that started this process, as sd_notify(3) does. Node has no Unix sockets for
 * datagrams, so systemd's client sends it. Without a service manager this does nothing, and a failure ends nothing: the
 * service manager has a time limit of its own.
 */
export async function tellServiceManager(...variables: readonly string[]): Promise<void> {
  if (!process.env["NOTIFY_SOCKET"]) return;
  await new Promise<void>((resolve) => {
    const client = spawn("systemd-notify", variables, { stdio: "ignore", timeout: LONGEST_MS });
    client.once("error", () => resolve());
    client.once("close", () => resolve());
  });
}
