/** Something that is missing, and how to install it. */
export interface Missing {
  readonly what: string;
  readonly remedy: string;
}
