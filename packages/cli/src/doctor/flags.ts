export interface DoctorFlags {
  readonly json?: boolean;
  readonly broker?: string;
  readonly reprobe?: boolean;
}
