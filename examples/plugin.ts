/**
 * An untrusted plug-in: one file in, one file out, nothing else.
 *
 *     node --import tsx examples/plugin.ts PLUGIN INPUT OUTPUT
 *
 * From Node 22.18 on also without `--import tsx`.
 *
 * PLUGIN is a shell script that reads /input/document and writes /work/result.
 */

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Sandbox } from "bulkhead";

/** The most that a plug-in may hand back; its disk is not larger either. */
const RESULT_BYTES = 8 * 1024 * 1024;

/**
 * Returns the plug-in's result for the document. Both paths are on this machine. The plug-in sees only the contents of
 * the files, not the paths.
 */
async function applyPlugin(pluginPath: string, inputPath: string): Promise<Uint8Array> {
  const sandbox = await Sandbox.create({
    level: "container",
    files: [
      { host: resolve(pluginPath), at: "/data/plugin" },
      { host: resolve(inputPath), at: "/input/document" },
    ],
    resources: { memory: "128MiB", pids: 16, disk: "8MiB" },
  });
  try {
    return await resultOf(sandbox);
  } finally {
    await sandbox.close();
  }
}

async function resultOf(sandbox: Sandbox): Promise<Uint8Array> {
  const execution = await sandbox.exec(["/bin/sh", "/data/plugin"], { buffer: true, timeoutMs: 5_000 });
  const { exitCode, signal, stderr, timedOut } = await execution.result;
  if (timedOut) throw new Error("the plug-in took more than 5 seconds");
  if (exitCode !== 0) throw new Error(`the plug-in failed with ${exitCode ?? signal}: ${stderr.slice(0, 500)}`);

  // The plug-in may leave anything there: `read` opens only regular files, and resolves links inside the wall.
  return await sandbox.files.read("/work/result", { maxBytes: RESULT_BYTES });
}

const [plugin, input, output] = process.argv.slice(2);
if (plugin === undefined || input === undefined || output === undefined) {
  console.error("usage: plugin.ts PLUGIN INPUT OUTPUT");
  process.exit(2);
}
await writeFile(output, await applyPlugin(plugin, input));
