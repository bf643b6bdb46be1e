/** Errors and notices of a configuration: BIRD's one-line form first, then the line, a caret and a likely fix. */
import { shortened } from '../../base/shortened.ts';
import type { Location, SourceText } from './source.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** BIRD takes it, Catbird cannot do it yet. */
  readonly notBuilt?: true;
  readonly message: string;
  readonly location: Location;
  /** How many characters the caret line marks. */
  readonly width: number;
  /** What would probably put it right. */
  readonly hint?: string;
  /** Text of the line, where it is known. */
  readonly sourceLine?: string;
}

/** Thrown inside parser and lowering with the token it is about; made into a `Diagnostic` at their border. */
export class ConfError extends Error {
  /** Index of the token where the error is. */
  readonly at: number;
  readonly hint: string | undefined;
  /** Token of the text that it is about, where BIRD reports the error later. */
  readonly related: number | undefined;
  /** BIRD takes it, Catbird cannot do it yet. */
  readonly notBuilt: boolean = false;
  /** The place is the start of the file that the token is from. */
  readonly wholeFile: boolean = false;

  constructor(at: number, message: string, hint?: string, related?: number) {
    super(message);
    this.at = at;
    this.hint = hint;
    this.related = related;
  }
}

/** What BIRD takes and Catbird cannot do yet. It is reported, and the rest is checked all the same. */
export class NotBuiltError extends ConfError {
  override readonly notBuilt = true;
}

/** What is wrong with a file as a whole; BIRD says so of its first line. */
export class WholeFileError extends ConfError {
  override readonly wholeFile = true;
}

/** Characters of a message, which may repeat a word, and of a line, on both sides of what is wrong in it. */
const LONGEST_MESSAGE = 500;
const LONGEST_SIDE = 300;

/** BIRD's form: `file:line:column message`. */
export function oneLine(diagnostic: Diagnostic): string {
  const { file, line, column } = diagnostic.location;
  const word = diagnostic.severity === 'warning' ? 'warning: ' : '';
  return `${file}:${line}:${column} ${word}${shortened(diagnostic.message, LONGEST_MESSAGE)}`;
}

/** Words for secrets, misspelt ones too. All strings behind one are taken for secrets, to the end of an open one. */
const SECRET_WORD = /\b(pas+\w*|secret\w*|key\w*)\b/i;

/** A line of a configuration without its secrets: it is shown to whoever reads the log. Columns stay. */
export function withoutSecrets(line: string): string {
  const at = line.search(SECRET_WORD);
  if (at < 0) return line;
  return line.slice(0, at) + line.slice(at).replace(/"[^"]*"?/g, (text) => '*'.repeat(text.length));
}

/** The one-line form for those who are not to see the configuration: a message may repeat a word of its line. */
export function publicLine(diagnostic: Diagnostic): string {
  const { sourceLine = '', message } = diagnostic;
  const isSecret = SECRET_WORD.test(sourceLine) || SECRET_WORD.test(message);
  return oneLine(
    isSecret ? { ...diagnostic, message: 'something is wrong in a line with a secret' } : diagnostic,
  );
}

/** The one-line form, then the source line with a caret, then the hint. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const lines = [oneLine(diagnostic)];
  if (diagnostic.sourceLine !== undefined) {
    const { text, at } = around(withoutSecrets(diagnostic.sourceLine), diagnostic.location.column - 1);
    const width = Math.min(Math.max(1, diagnostic.width), Math.max(1, text.length - at));
    lines.push(`  ${text}`, `  ${text.slice(0, at).replace(/[^\t]/g, ' ')}${'^'.repeat(width)}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${diagnostic.hint}`);
  return lines.join('\n');
}

/** As much of a line as is shown, and where a place of the line is in that. */
function around(line: string, at: number): { text: string; at: number } {
  const from = Math.max(0, at - LONGEST_SIDE);
  const before = from > 0 ? '… ' : '';
  const behind = line.length > at + LONGEST_SIDE ? ' …' : '';
  const text = line.slice(from, at + LONGEST_SIDE).toWellFormed();
  return { text: before + text + behind, at: before.length + at - from };
}

/** A diagnostic at a place of a source. */
export function diagnosticAt(
  source: SourceText,
  offset: number,
  width: number,
  severity: Diagnostic['severity'],
  message: string,
  hint?: string,
): Diagnostic {
  const location = source.locate(offset);
  return {
    severity,
    message,
    location,
    width,
    ...(hint === undefined ? {} : { hint }),
    sourceLine: source.line(location.line),
  };
}

/** The candidate nearest to `word` by edit distance, where it is near enough to be a slip of the keys. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance in the restricted form: a swap of neighbours counts once. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, before[j - 2]! + 1);
      }
      current.push(value);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}
