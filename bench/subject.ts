/** One way to do the measured work. `run` resolves when the result is known and everything it created is gone. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  run(): Promise<void>;
  /** Clean-up before the next run, not measured. */
  readonly after?: () => Promise<void>;
}

/** A missing peer is named, never guessed. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export type Prepare = () => Promise<Subject | Absent>;

export function isAbsent(subject: object): subject is Absent {
  return "absent" in subject;
}
