/** Go's `path` package: slash-separated paths, and patterns. */

/** The shortest path that means the same. */
export function cleanPath(path: string): string {
  if (path === '') return '.';
  if (isClean(path)) return path;
  const rooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push(part);
  }
  const joined = parts.join('/');
  return rooted ? `/${joined}` : joined === '' ? '.' : joined;
}

/** Whether a path from the root is clean for sure. */
function isClean(path: string): boolean {
  return path.startsWith('/') && !path.endsWith('/') && !path.includes('//') && !path.includes('/.');
}

/** The last element. */
export function basePath(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** All but the last element. */
export function dirPath(path: string): string {
  return cleanPath(path.slice(0, path.lastIndexOf('/') + 1));
}

/** Elements joined and cleaned, empty ones left out. */
export function joinPath(...parts: string[]): string {
  const joined = parts.filter((part) => part !== '').join('/');
  return joined === '' ? '' : cleanPath(joined);
}

/** Characters that end the part of a pattern which stands for itself. */
const META = /[*?[\\]/;

/** What every name that a pattern matches begins with. */
export function literalPrefix(pattern: string): string {
  const at = pattern.search(META);
  return at < 0 ? pattern : pattern.slice(0, at);
}

/**
 * A pattern of `path.Match` (`*` and `?` match no slash) as a regular expression over whole names; undefined where the
 * pattern is malformed.
 */
export function compilePattern(pattern: string): RegExp | undefined {
  const characters = [...pattern];
  let source = '';
  let i = 0;
  /** The character at hand, after a backslash that makes it one. */
  const literal = (): string | undefined => {
    if (characters[i] === '\\') i++;
    const character = characters[i++];
    return character === undefined ? undefined : escape(character);
  };
  while (i < characters.length) {
    switch (characters[i]) {
      case '*':
        source += '[^/]*';
        while (characters[i] === '*') i++;
        break;
      case '?':
        source += '[^/]';
        i++;
        break;
      case '[': {
        i++;
        const negated = characters[i] === '^';
        if (negated) i++;
        let ranges = '';
        for (let count = 0; characters[i] !== ']' || count === 0; count++) {
          if (i >= characters.length || '-]'.includes(characters[i]!)) return undefined;
          const from = literal();
          if (from === undefined || i >= characters.length) return undefined;
          let to = from;
          if (characters[i] === '-') {
            i++;
            if (i >= characters.length || '-]'.includes(characters[i]!)) return undefined;
            const end = literal();
            if (end === undefined || i >= characters.length) return undefined;
            to = end;
          }
          // A range that runs backwards holds nothing.
          if (codeOf(from) <= codeOf(to)) ranges += `${from}-${to}`;
        }
        i++;
        source += ranges === '' ? (negated ? '[^]' : '[]') : `[${negated ? '^' : ''}${ranges}]`;
        break;
      }
      default: {
        const character = literal();
        if (character === undefined) return undefined;
        source += character;
      }
    }
  }
  return new RegExp(`^${source}$`, 'su');
}

function codeOf(escaped: string): number {
  return parseInt(escaped.slice(3, -1), 16);
}

function escape(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
