/** What of a configuration means something: two texts that differ in comments or blank lines are one configuration. */

/** Characters that are compared at once: much faster than one by one. */
const STEP = 4096;

/** Whether two texts are the same but for lines that are empty or comments, and for blanks around lines. */
export function meanTheSame(a: string, b: string): boolean {
  if (a === b) return true;
  // What looks like a comment may be the end of another one.
  if (a.includes('/*') || b.includes('/*')) return false;
  // Mostly a few lines of thousands differ: only those between the first and the last difference are taken apart.
  const shorter = Math.min(a.length, b.length);
  let first = 0;
  while (first + STEP <= shorter && a.slice(first, first + STEP) === b.slice(first, first + STEP))
    first += STEP;
  while (first < shorter && a.charCodeAt(first) === b.charCodeAt(first)) first++;
  const from = first === 0 ? 0 : a.lastIndexOf('\n', first - 1) + 1;
  let behind = 0;
  while (
    behind + STEP <= shorter - from &&
    a.slice(a.length - behind - STEP, a.length - behind) ===
      b.slice(b.length - behind - STEP, b.length - behind)
  )
    behind += STEP;
  while (
    behind < shorter - from &&
    a.charCodeAt(a.length - 1 - behind) === b.charCodeAt(b.length - 1 - behind)
  )
    behind++;
  const lineEnd = a.indexOf('\n', a.length - behind);
  const rest = lineEnd < 0 ? 0 : a.length - lineEnd;
  return significant(a.slice(from, a.length - rest)) === significant(b.slice(from, b.length - rest));
}

function significant(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) lines.push(trimmed);
  }
  return lines.join('\n');
}
