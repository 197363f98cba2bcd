import { openImage } from "../../../packages/bulkhead/src/images/open.js";

// A process of its own that opens one image: `node --import tsx open-in-process.ts SOURCE [hold]`, with BULKHEAD_STORE
// set. With `hold` it stays, as one with a sandbox does.
const { layers } = await openImage(process.argv[2] ?? "");
process.stdout.write(`${layers.join(":")}\n`);
if (process.argv[3] === "hold") setInterval(() => undefined, 1000);
