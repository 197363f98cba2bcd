/**
 * What Node is told to run: the script that is open as descriptor 4, with what V8 made of it earlier as 5. So a helper needs no right to the directory of the package,
 * which may be where only root can enter. esbuild writes ASCII; as Latin-1 it needs no decoding.
 */
export function bootScript(kind: string): string {
  return `const{readFileSync:r,closeSync:c}=require("fs"),s=r(4,"latin1"),d=r(5);c(4);c(5);new(require("vm").Script)(s,{filename:${JSON.stringify(`${kind}.cjs`)},cachedData:d.length?d:undefined}).runInThisContext()(require)`;
}
