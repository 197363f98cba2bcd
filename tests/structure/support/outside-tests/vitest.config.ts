import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/structure/support/outside-tests/*.fixture.ts"] } });
