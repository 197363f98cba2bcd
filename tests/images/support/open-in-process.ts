import { openImage } from "../../../packages/bulkhead/src/images/open.js";

// A process of its own that opens one image: `node --import tsx open-in-process.ts SOURCE`, with BULKHEAD_STORE set.
const { path } = await openImage(process.argv[2] ?? "");
process.stdout.write(`${path}\n`);
