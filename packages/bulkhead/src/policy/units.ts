const SIZE = /^(\d{1,16}(?:\.\d{1,6})?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB|K|M|G|T)?$/i;
const DURATION = /^(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|min|h|d)$/i;

const SIZE_UNIT: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  // A lone letter is binary, as in the kernel's own files and in `docker run --memory 512m`.
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const DURATION_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3600e3, d: 86_400e3 };

/** Bytes of `"64MiB"`, `"1.5G"`, `"1024"` or a number of bytes. Undefined if it is not a size of at least one byte. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === "number") return whole(value);
  if (typeof value !== "string") return undefined;
  return scaled(SIZE.exec(value.trim()), SIZE_UNIT, "b");
}

/** Milliseconds of `"30s"`, `"1.5h"`, or a number of milliseconds. A string needs its unit: `"30"` is ambiguous. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === "number") return whole(value);
  if (typeof value !== "string") return undefined;
  return scaled(DURATION.exec(value.trim()), DURATION_UNIT, "ms");
}

/** `"64MiB"` for 67108864: the largest binary unit that leaves a whole number. */
export function formatSize(bytes: number): string {
  const unit = (["TiB", "GiB", "MiB", "KiB"] as const).find(
    (name) => bytes % (SIZE_UNIT[name.toLowerCase()] ?? 1) === 0,
  );
  return unit === undefined || bytes === 0
    ? `${bytes} bytes`
    : `${bytes / (SIZE_UNIT[unit.toLowerCase()] ?? 1)}${unit}`;
}

function scaled(
  match: RegExpExecArray | null,
  units: Readonly<Record<string, number>>,
  plain: string,
): number | undefined {
  const factor = units[(match?.[2] ?? plain).toLowerCase()];
  if (match === null || factor === undefined) return undefined;
  return whole(Math.floor(Number(match[1]) * factor));
}

function whole(value: number): number | undefined {
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
