import type { Attempt } from "./attempt.js";
import { filesystem } from "./catalogue/filesystem.js";
import { kernel } from "./catalogue/kernel.js";
import { network } from "./catalogue/network.js";
import { image, privilege, terminal } from "./catalogue/privilege.js";
import { processes } from "./catalogue/process.js";
import { exhaustion } from "./catalogue/resources.js";

/** Every attempt. A call that must succeed comes first, so that "refused" means something. */
export const CATALOGUE: readonly Attempt[] = [
  ...filesystem,
  ...processes,
  ...kernel,
  ...exhaustion,
  ...network,
  ...terminal,
  ...image,
  ...privilege,
];
