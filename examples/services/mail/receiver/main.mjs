// Takes mail from strangers. It keeps nothing: a message is accepted only after the queue has it on disk.
import { request } from "node:http";
import { createServer } from "node:net";
import { serve } from "./smtp.mjs";

const domain = process.env.DOMAIN;

const server = createServer((socket) => void serve(socket, { domain, submit }));
server.maxConnections = 64;
server.listen(2525, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));

/** The queue's id of the message. It answers when the message is on disk. */
function submit(envelope, message) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: "/run/bulkhead/queue.sock", method: "POST", path: "/", agent: false },
      async (answer) => {
        let text = "";
        try {
          for await (const piece of answer) text += piece;
          if (answer.statusCode === 200) resolve(text.trim());
          else reject(Object.assign(new Error(text.trim()), { permanent: answer.statusCode === 400 }));
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.on("error", reject);
    outgoing.write(`${JSON.stringify(envelope)}\n`);
    outgoing.end(message);
  });
}
