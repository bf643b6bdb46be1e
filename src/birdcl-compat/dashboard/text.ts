/** A screen as lines of text with styles: made without a terminal, compared in tests, and written by `io/`. */

/** What a piece of text is; `ansi` says how that looks. */
export type Style = 'plain' | 'title' | 'heading' | 'good' | 'bad' | 'warn' | 'accent' | 'bold' | 'selected';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];
export type Frame = readonly Line[];

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

export function line(text: string, style: Style = 'plain'): Line {
  return [span(text, style)];
}

export function lineLength(spans: Line): number {
  let length = 0;
  for (const { text } of spans) length += text.length;
  return length;
}

/** Characters that take no cell, or two: an estimate on the safe side. */
const ODD =
  /[\u0300-\u036f\u0591-\u0610\u064b-\u065f\u1100-\u115f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2e80-\ua4cf\uac00-\ud7a3\ufb1e\ufe00-\ufe6f\uff00-\uff60\uffe0-\uffe6\ufeff]/gu;

/**
 * Text that takes one cell for each of its characters and cannot control a terminal. What names, descriptions and log
 * lines say comes from elsewhere.
 */
export function clean(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text
    .replaceAll('\t', '    ')
    .replace(/[\x00-\x1f\x7f-\x9f\ufffe\uffff]/g, '?')
    .replace(/[\u{10000}-\u{10ffff}]|[\ud800-\udfff]/gu, '?')
    .replace(ODD, '?');
}

/** Exactly `width` characters: padded on the right, or cut with a mark. */
export function fit(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width);
  return width <= 1 ? text.slice(0, width) : `${text.slice(0, width - 1)}~`;
}

/** Likewise, padded on the left. */
export function fitRight(text: string, width: number): string {
  return text.length <= width ? text.padStart(width) : fit(text, width);
}

/** The cells of a line from `from` up to `to`. */
export function cut(spans: Line, from: number, to: number): Line {
  const kept: Span[] = [];
  let at = 0;
  for (const { text, style } of spans) {
    const piece = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (piece !== '') kept.push(span(piece, style));
    at += text.length;
  }
  return kept;
}

/** A line of exactly `width` cells; what pads it has the style of its end. */
export function fitLine(spans: Line, width: number): Line {
  const length = lineLength(spans);
  if (length >= width) return cut(spans, 0, width);
  const style = spans.at(-1)?.style ?? 'plain';
  return [
    ...spans,
    span(' '.repeat(width - length), style === 'title' || style === 'selected' ? style : 'plain'),
  ];
}

/** All of a line in one style. */
export function restyled(spans: Line, style: Style): Line {
  return [span(spans.map(({ text }) => text).join(''), style)];
}

/** `left`, and `right` at the right edge where there is room for both. */
export function spread(left: Line, right: Line, width: number, style: Style = 'plain'): Line {
  const gap = width - lineLength(left) - lineLength(right);
  return gap < 1 ? fitLine(left, width) : [...left, span(' '.repeat(gap), style), ...right];
}

/** Words in lines of at most `width` characters; a word that is longer is cut into pieces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, width))) {
    if (current === '') current = word;
    else if (current.length + 1 + word.length <= width) current += ` ${word}`;
    else {
      lines.push(current);
      current = word;
    }
  }
  lines.push(current);
  return lines;
}

function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < word.length; at += width) found.push(word.slice(at, at + width));
  return found.length === 0 ? [''] : found;
}

/** Lays a box over the middle of a frame. All its lines have the same length. */
export function overlay(frame: Frame, box: readonly Line[], width: number): Frame {
  const boxWidth = lineLength(box[0] ?? []);
  const top = Math.max(0, Math.floor((frame.length - box.length) / 2));
  const left = Math.max(0, Math.floor((width - boxWidth) / 2));
  return frame.map((under, i) => {
    const over = box[i - top];
    if (!over) return under;
    return fitLine([...cut(under, 0, left), ...over, ...cut(under, left + boxWidth, width)], width);
  });
}

/** The frame as a script wants it. */
export function plainText(frame: Frame): string {
  return frame
    .map(
      (spans) =>
        `${spans
          .map(({ text }) => text)
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** SGR parameters (ECMA-48 8.3.117): the eight colours that every terminal with colours has. */
const COLOURED: Readonly<Record<Style, string>> = {
  plain: '',
  title: '7',
  heading: '1;36',
  good: '32',
  bad: '31',
  warn: '33',
  accent: '36',
  bold: '1',
  selected: '7',
};

/** Without colours: what must stand out still does. */
const UNCOLOURED: Readonly<Record<Style, string>> = {
  ...COLOURED,
  heading: '1',
  good: '',
  bad: '1',
  warn: '',
  accent: '',
};

/** The frame with escape sequences. */
export function ansi(frame: Frame, colour: boolean): string {
  const codes = colour ? COLOURED : UNCOLOURED;
  return frame
    .map((spans) =>
      spans
        .map(({ text, style }) => (codes[style] === '' ? text : `\x1b[${codes[style]}m${text}\x1b[0m`))
        .join(''),
    )
    .join('\n');
}
