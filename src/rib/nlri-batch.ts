/** Networks of one UPDATE, as columns: what the wire decoder fills and the tables read. Reused, never kept. */

/** The most prefixes that a message of 65,535 bytes can carry. */
const CAPACITY = 65536;

export class NlriBatch {
  count = 0;
  /** Address words of entry `i` at `i * words of the family`, host bits zero. */
  readonly words = new Uint32Array(CAPACITY * 4);
  readonly length = new Uint8Array(CAPACITY);
  /** RFC 7911 identifiers; 0 where the session does not use them. */
  readonly pathId = new Uint32Array(CAPACITY);
}
