import { erofsOf } from "../../../packages/bulkhead/src/images/erofs/erofs.js";

// A process of its own that asks for the EROFS image of one directory:
// `node --import tsx erofs-in-process.ts DIRECTORY`, with BULKHEAD_STORE set.
const image = await erofsOf({ kind: "directory", path: process.argv[2] ?? "", owner: null });
process.stdout.write(`${JSON.stringify(image)}\n`);
process.exit(0);
