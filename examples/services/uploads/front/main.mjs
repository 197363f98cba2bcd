// Passes requests on to the API. The only part that strangers speak with.
import { createServer, request } from "node:http";

const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const onward = request(
    { host: "api", port: 3000, method, path: url, headers: { ...headers, host: "api" } },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on("error", () => outgoing.writeHead(502).end("the API does not answer\n"));
  incoming.pipe(onward);
});
server.listen(8000, "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
