import type { Route } from "./route.js";
import { fileRoutes } from "./routes/files.js";
import { metricsRoutes } from "./routes/metrics.js";
import { programRoutes } from "./routes/programs.js";
import { sandboxRoutes } from "./routes/sandboxes.js";
import { templateRoutes } from "./routes/templates.js";
import { tenancyRoutes } from "./routes/tenancy.js";

/** Every operation that needs a token. */
export const routes: readonly Route[] = [
  ...programRoutes,
  ...sandboxRoutes,
  ...fileRoutes,
  ...templateRoutes,
  ...tenancyRoutes,
  ...metricsRoutes,
];
