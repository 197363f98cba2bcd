import { type Route, route } from "../route.js";

export const metricsRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/metrics",
    operation: "metrics",
    summary: "Metrics of the server and of all projects, in the text format of Prometheus: for the operator",
    scope: "metrics:read",
    answers: { 200: "text" },
    handle: async ({ platform }) => ({ status: 200, text: platform.core.metrics.registry.text() }),
  }),
];
