/** What is wrong with a template, in Go's words. */
export class TemplateError extends Error {
  readonly template: string;
  /** From 1 on. */
  readonly line: number;
  /** In bytes, as Go counts; only errors of running templates have one. */
  readonly column: number | undefined;

  /** @param message all of it, place included */
  constructor(message: string, template: string, line: number, column?: number) {
    super(message);
    this.template = template;
    this.line = line;
    this.column = column;
  }
}
