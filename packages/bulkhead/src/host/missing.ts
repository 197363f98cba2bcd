/** Something that is not there, and how to get it. */
export interface Missing {
  readonly what: string;
  readonly remedy: string;
}
