import { gvisorCases } from "./support/gvisor.js";

await gvisorCases("the best runsc there is");
