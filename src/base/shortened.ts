/** Texts of others in messages: whole where they are usual, else as much as anybody reads. */

/** At most about `most` characters: the beginning of a text that is longer, and how long it is. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most).toWellFormed()} … (${text.length} characters)`;
}
