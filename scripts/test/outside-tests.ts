import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Before each line of what failed outside a test. */
export const OUTSIDE = "failed outside a test: ";

/**
 * A reporter of what vitest's JSON report leaves out: hooks, files that do not load, errors that nothing caught. A line
 * each.
 */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter as the default export of its file.
export default class OutsideTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    for (const module of modules) {
      const suites = [...module.children.allSuites()];
      for (const error of [module, ...suites].flatMap((suite) => suite.errors())) print(module.relativeModuleId, error);
    }
    for (const error of unhandled) print("unhandled", error);
  }
}

/** With the first place in a file of the project, since the message of a system call names none. */
function print(where: string, { message, stack = "" }: { readonly message: string; readonly stack?: string }): void {
  const frames = stack.split("\n").filter((line) => line.trimStart().startsWith("at "));
  const frame = frames.find((line) => !line.includes("node_modules") && !line.includes("node:"));
  process.stdout.write(`${OUTSIDE}${where}: ${message.split("\n", 1)[0]} ${frame?.trim() ?? ""}\n`);
}
