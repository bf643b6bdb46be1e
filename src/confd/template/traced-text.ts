/** Lines of a text with where they come from. */
import type { TemplateNode, TemplateTree } from './ast.ts';
import { Origins } from './origins.ts';

/** Where a line comes from; sets are numbers of `Origins`. */
export interface TracedLine {
  /** The template, as messages call it, and the line in it. */
  template: string;
  templateLine: number;
  /** Of the values that are printed on it. */
  values: number;
  /** Of what decided that the text is there. */
  conditions: number;
  /** Of decisions at this place that left no text, and could have. */
  beside: number;
}

export class TracedText {
  readonly origins = new Origins();
  readonly lines: TracedLine[] = [];
  readonly #parts: string[] = [];
  /** Whether a line's template is known for good: something other than white space is on it. */
  #settled = false;
  #startsLine = true;
  /** Characters. */
  #written = 0;

  get text(): string {
    return this.#parts.join('');
  }

  get written(): number {
    return this.#written;
  }

  /** Whether nothing is on the line yet. */
  get startsLine(): boolean {
    return this.#startsLine;
  }

  /** Takes what a node has written. */
  write(text: string, tree: TemplateTree, node: TemplateNode, value: number, guard: number): void {
    const { origins } = this;
    this.#parts.push(text);
    this.#written += text.length;
    const isText = node.kind === 'text';
    const pieces = text.split('\n');
    pieces.forEach((piece, i) => {
      if (i > 0) this.#next();
      // A value that ends with a line feed decides where the next line begins; a text always does.
      if (piece === '' && isText && i > 0 && i === pieces.length - 1) return;
      const line = this.#line();
      const isBlank = piece.trim() === '';
      if (!this.#settled && (line.template === '' || !isBlank)) {
        line.template = tree.source;
        line.templateLine = isText ? node.line + i : node.line;
        this.#settled = !isBlank;
      }
      line.values = origins.union(line.values, value);
      if (piece !== '' || i < pieces.length - 1 || i === 0)
        line.conditions = origins.union(line.conditions, guard);
      if (piece !== '') this.#startsLine = false;
    });
  }

  /** Something was decided here without a text. */
  beside(origin: number): void {
    const line = this.#line();
    line.beside = this.origins.union(line.beside, origin);
  }

  #line(): TracedLine {
    if (this.lines.length === 0) this.lines.push(emptyLine());
    return this.lines.at(-1)!;
  }

  #next(): void {
    // The line feed itself is of the line that it ends.
    this.#line();
    this.lines.push(emptyLine());
    this.#settled = false;
    this.#startsLine = true;
  }
}

function emptyLine(): TracedLine {
  return { template: '', templateLine: 0, values: 0, conditions: 0, beside: 0 };
}
