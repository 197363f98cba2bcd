import { type Files, packed } from "./files.js";

const MODULE = "probe.test/bulkhead";

/** The format allows no directories in it, which `python3 -m zipfile` writes. */
const ZIP =
  "import sys, zipfile\nwith zipfile.ZipFile('module.zip', 'w') as z:\n    for path in sys.argv[1:]: z.write(path)";

/** A module proxy with one module, as GOPROXY means it. */
export function goProxy(): Files {
  const mod = `module ${MODULE}\n\ngo 1.16\n`;
  const root = `${MODULE}@v1.0.0`;
  const zip = packed(
    { [`${root}/go.mod`]: mod, [`${root}/probe.go`]: 'package bulkhead\n\nconst Said = "downloaded"\n' },
    ["python3", "-c", ZIP, `${root}/go.mod`, `${root}/probe.go`],
    "module.zip",
  );
  const at = `/go/${MODULE}/@v`;
  return {
    [`${at}/list`]: "v1.0.0\n",
    [`${at}/v1.0.0.info`]: JSON.stringify({ Version: "v1.0.0", Time: "2026-01-01T00:00:00Z" }),
    [`${at}/v1.0.0.mod`]: mod,
    [`${at}/v1.0.0.zip`]: zip,
  };
}
