import type { OwnPart } from "bulkhead/host";
import type { Style } from "./style.js";
import type { Cell } from "./table.js";

/** A row for each of Bulkhead's own processes that parse hostile input. */
export function ownPartRows(parts: readonly OwnPart[], style: Style): readonly (readonly Cell[])[] {
  return parts.map(({ name, parses, uid, landlockAbi, network }) => {
    const landlock =
      landlockAbi === 0
        ? "no Landlock in this kernel: it can read every world-readable file"
        : `Landlock ABI ${landlockAbi}`;
    const around = [`uid ${uid === "own" ? "of its own" : "of the caller"}`, "no capability", "seccomp", landlock];
    const state =
      landlockAbi === 0 ? { text: "weaker", paint: style.doubtful } : { text: "confined", paint: style.good };
    return [{ text: name }, state, { text: `${around.join(", ")}${network ? "" : ", no network"}; parses ${parses}` }];
  });
}
