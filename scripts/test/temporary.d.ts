/** A folder that is the TMPDIR of one part, so that what the part leaves there is known to be its own. */
export declare class TemporaryFolder implements Disposable {
  readonly path: string;
  constructor();
  left(): readonly string[];
  [Symbol.dispose](): void;
}
