export type Fields = Readonly<Record<string, unknown>>;

/** The rest of a Compose file, which one service of it may name. */
export interface Surroundings {
  readonly services: Fields;
  /** Names in the service file, by those in the Compose file. */
  readonly names: ReadonlyMap<string, string>;
  readonly secrets: Fields;
}

/** A field of a Compose file that the service file has no place for. */
export interface NotTaken {
  /** `services.web.privileged` */
  readonly path: string;
  readonly why: string;
}

/** Collects what is not taken over. */
export class Left {
  readonly all: NotTaken[] = [];

  add(path: readonly (string | number)[], why: string): void {
    this.all.push({ path: path.join("."), why });
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
