/** What of a configuration means something: two texts that differ in comments or blank lines are one configuration. */

/** The text without lines that are empty or comments, and without blanks around lines. */
export function significantText(text: string): string {
  // What looks like a comment may be the end of another one.
  if (text.includes('/*')) return text;
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) lines.push(trimmed);
  }
  return lines.join('\n');
}
