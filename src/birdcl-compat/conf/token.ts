/** Kinds of tokens. */

export const TOKEN = {
  end: 0,
  /** A keyword or symbol; which of them is the parser's matter. */
  word: 1,
  /** A symbol in apostrophes: never a keyword. */
  quotedWord: 2,
  number: 3,
  /** A string in double quotes. */
  text: 4,
  ip4: 5,
  ip6: 6,
  /** Route distinguisher, `65000:1`. */
  rd: 7,
  /** At least 10 bytes in hexadecimal, or any number behind `hex:`. */
  bytes: 8,
  /** Punctuation, one or two characters. */
  punctuation: 9,
  error: 10,
  /** Ethernet address, `00:11:22:33:44:55`. */
  mac: 11,
  /**
   * A block that repeats an earlier one, whose first token is the value (`repeats.ts`): its name, what it has in the
   * slots of the other one, and its closing brace follow.
   */
  repeat: 12,
} as const;
export type TokenKind = (typeof TOKEN)[keyof typeof TOKEN];

/** What stands for a punctuation mark of one or two characters in the column of values. */
export function punctuationCode(text: string): number {
  return text.length === 1 ? text.charCodeAt(0) : text.charCodeAt(0) | (text.charCodeAt(1) << 8);
}
