/** BIRD's string patterns. */

const STAR = '*';
const ESCAPE = '\\';

/** Index of the character that an escape at `at`, if there is one, protects. */
function literalAt(pattern: string, at: number): number {
  return pattern[at] === ESCAPE && at + 1 < pattern.length ? at + 1 : at;
}

/**
 * Whether a text matches a pattern as a whole: `*` is any text, `?` any character, `\` takes the next character
 * literally. As in BIRD, the character right after a `*` always stands for itself, be it another `*` or a `?`.
 */
export function matchesText(text: string, pattern: string): boolean {
  let p = 0;
  let t = 0;
  // Behind the last `*`, and where the text was taken up again after it.
  let resumeP = -1;
  let resumeT = 0;
  for (;;) {
    let fits: boolean;
    if (p === pattern.length) {
      if (t === text.length) return true;
      fits = false;
    } else if (pattern[p] === STAR && p !== resumeP) {
      if (p + 1 === pattern.length) return true;
      resumeP = p + 1;
      resumeT = text.indexOf(pattern[literalAt(pattern, resumeP)]!, t);
      if (resumeT < 0) return false;
      p = resumeP;
      t = resumeT;
      continue;
    } else if (pattern[p] === '?' && t < text.length) {
      fits = true;
    } else {
      p = literalAt(pattern, p);
      fits = pattern[p] === text[t];
    }
    if (fits) {
      p++;
      t++;
      continue;
    }
    if (resumeP < 0) return false;
    resumeT = text.indexOf(pattern[literalAt(pattern, resumeP)]!, resumeT + 1);
    if (resumeT < 0) return false;
    p = resumeP;
    t = resumeT;
  }
}
