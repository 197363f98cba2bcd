/**
 * `npm run docs:surface`: measures the attack surface of each level here, as root, and writes docs/surface.json and the
 * tables of docs/surface.md. The site draws its comparison of levels from the same numbers.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { type MeasuredSurface, withSurfaceTables } from "./surface-tables.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

const argv = ["surface", "--level", "all", "--compare", "--json"];
const printed = execFileSync(`${root}bulkhead`, argv, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
const { summary } = JSON.parse(printed) as { readonly summary: Omit<MeasuredSurface, "machine"> };
const measured: MeasuredSurface = {
  machine: {
    kernel: release().split(".", 2).join("."),
    date: new Date().toLocaleString("en", { month: "long", year: "numeric" }),
  },
  columns: summary.columns,
  rows: summary.rows.map(({ what, counts }) => ({ what, counts })),
};
writeFileSync(`${root}docs/surface.json`, `${JSON.stringify(measured, null, 2)}\n`);
const page = `${root}docs/surface.md`;
writeFileSync(page, withSurfaceTables(readFileSync(page, "utf8"), measured));
