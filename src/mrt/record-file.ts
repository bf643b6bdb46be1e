/** What dumps need of files. `io/record-files.ts` makes them of real ones. */

export interface RecordFile {
  /**
   * Appends all of it; the bytes must not change until it resolves. Where that fails it rejects with an error whose
   * message says why, and what had been written of it is taken back, so that the file ends with a whole record.
   */
  append(records: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface RecordFiles {
  /** Opens a file for appending, made where it is not there. Rejects with an error whose message says why it cannot. */
  open(path: string): Promise<RecordFile>;
}
