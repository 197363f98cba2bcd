/**
 * The script that Node runs: it reads the helper's script from descriptor 4 and V8's cached code from 5. So a helper
 * needs no access to the package's directory, which may be readable only to root. esbuild writes ASCII; as Latin-1 it
 * needs no decoding.
 */
export function bootScript(kind: string): string {
  return `const{readFileSync:r,closeSync:c}=require("fs"),s=r(4,"latin1"),d=r(5);c(4);c(5);new(require("vm").Script)(s,{filename:${JSON.stringify(`${kind}.cjs`)},cachedData:d.length?d:undefined}).runInThisContext()(require)`;
}

/**
 * V8's code cache of a helper's script for the Node at `node`; undefined if that is another program than this process.
 * V8 checks its own version and flags, and not the processor: it crashes on code of another one.
 */
export function codeCachePath(script: string, node: string): string | undefined {
  if (node !== process.execPath) return undefined;
  return script.replace(/\.cjs$/, `.${process.version}-${process.arch}.cache`);
}
