// Signs what the API sends it. Nothing else ever sees the key.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const key = readFileSync(process.env.SIGNING_KEY_FILE);

const server = createServer(async (incoming, outgoing) => {
  const hmac = createHmac("sha256", key);
  for await (const piece of incoming) hmac.update(piece);
  outgoing.end(hmac.digest("hex"));
});
server.listen("/run/rpc.sock");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
