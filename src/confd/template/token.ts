/** Tokens of Go's `text/template`. */

/** Kinds of tokens; those of keywords are the keywords. */
export type TokenKind =
  | 'eof'
  | 'error'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'identifier'
  /** `.Name` */
  | 'field'
  /** `$` or `$name` */
  | 'variable'
  | 'bool'
  | 'char'
  | 'number'
  | 'string'
  | 'rawString'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'assign'
  | 'declare'
  /** Any other printable character. */
  | 'punctuation'
  | Keyword;

/** `.` alone is one for Go. */
export const KEYWORDS = [
  '.',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const;
export type Keyword = (typeof KEYWORDS)[number];

export const KEYWORD_SET: ReadonlySet<string> = new Set(KEYWORDS);

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset in the template's text. */
  readonly at: number;
  /** From 1 on. */
  readonly line: number;
}

/** A token as Go's messages write it. */
export function describeToken({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF';
  if (kind === 'error') return text;
  if (KEYWORD_SET.has(kind)) return `<${text}>`;
  return [...text].length > 10
    ? `${JSON.stringify([...text].slice(0, 10).join(''))}...`
    : JSON.stringify(text);
}
