/** One way to do the measured thing. `run` resolves when the result is known and everything it made is gone. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  run(): Promise<void>;
  /** What has to be cleared away before it can be done again, and is not measured. */
  readonly after?: () => Promise<void>;
}

/** A peer that is not here is named, never guessed. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export type Prepare = () => Promise<Subject | Absent>;

export function isAbsent(subject: object): subject is Absent {
  return "absent" in subject;
}
