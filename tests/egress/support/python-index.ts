import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = "bulkheadprobe";
const FILE = `${NAME}-1.0-py3-none-any.whl`;

/** An index of one package, as pip wants it. */
export function pythonIndex(): RequestListener {
  const wheel = makeWheel();
  return (request, response) => {
    switch (request.url) {
      case `/simple/${NAME}/`:
        response.writeHead(200, { "content-type": "text/html" });
        response.end(`<!doctype html><a href="/files/${FILE}">${FILE}</a>`);
        return;
      case `/files/${FILE}`:
        response.end(wheel);
        return;
      default:
        response.writeHead(404).end();
    }
  };
}

/** Wheels are zip files with a few notes in them. */
function makeWheel(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-wheel-"));
  try {
    const notes = join(directory, `${NAME}-1.0.dist-info`);
    mkdirSync(notes);
    writeFileSync(join(directory, `${NAME}.py`), 'print("installed and imported")\n');
    writeFileSync(join(notes, "METADATA"), `Metadata-Version: 2.1\nName: ${NAME}\nVersion: 1.0\n`);
    writeFileSync(
      join(notes, "WHEEL"),
      "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    );
    writeFileSync(join(notes, "RECORD"), "");
    const parts = [`${NAME}.py`, `${NAME}-1.0.dist-info`];
    execFileSync("python3", ["-m", "zipfile", "-c", FILE, ...parts], { cwd: directory });
    return readFileSync(join(directory, FILE));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
