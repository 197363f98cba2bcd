/** One large answer. curl reads the proxy from its environment. */
export const download = (url: string, how: readonly string[]): readonly string[] => [
  "curl",
  "-sS",
  "-f",
  ...how,
  "-o",
  "/dev/null",
  url,
];

/** Opens the given number of tunnels before the first asks for anything; then one answer on each. */
const MANY = `
const net = require("node:net");
const [proxy, host, count, bytes] = [process.argv[1], process.argv[2], Number(process.argv[3]), process.argv[4]];
const [address, port] = proxy.split(":");
const tunnel = () => new Promise((resolve, reject) => {
  const socket = net.connect(Number(port), address, () => socket.write("CONNECT " + host + " HTTP/1.1\\r\\nHost: " + host + "\\r\\n\\r\\n"));
  socket.once("data", (head) => (head.toString().startsWith("HTTP/1.1 200") ? resolve(socket) : reject(new Error(head.toString()))));
  socket.once("error", reject);
});
const ask = (socket) => new Promise((resolve, reject) => {
  let length = 0;
  socket.on("data", (chunk) => { length += chunk.length; });
  socket.once("end", () => (length > Number(bytes) ? resolve() : reject(new Error("cut short: " + length))));
  socket.write("GET /" + bytes + " HTTP/1.1\\r\\nHost: " + host + "\\r\\nConnection: close\\r\\n\\r\\n");
});
Promise.all(Array.from({ length: count }, tunnel)).then((all) => Promise.all(all.map(ask))).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
`;

export const many = (proxy: string, host: string, count: number, bytes: number): readonly string[] => [
  process.execPath,
  "-e",
  MANY,
  proxy,
  host,
  String(count),
  String(bytes),
];
