/** From tokens to syntax trees, with the rules and messages of Go's `text/template/parse`. */
import type {
  Branch,
  Command,
  NodePlace,
  NumberNode,
  Operand,
  Pipeline,
  TemplateNode,
  TemplateTree,
} from './ast.ts';
import { formatOperand, isEmpty } from './ast.ts';
import { TemplateError } from './error.ts';
import { Lexer } from './lexer.ts';
import { parseGoFloat, parseGoInt, unquote } from './literal.ts';
import { strayByte } from './text.ts';
import { describeToken } from './token.ts';
import type { Token, TokenKind } from './token.ts';

/** How deep actions and pipelines may nest. */
const MAX_DEPTH = 1000;

/** What ends a list of nodes. */
interface ListEnd extends NodePlace {
  readonly kind: 'else' | 'end';
}

/** Kinds of tokens that an operand begins with. */
const OPERAND_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'char',
  '.',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

/** Operands that later commands of a pipeline cannot be, since nothing can be passed to them. */
const NOT_EXECUTABLE: ReadonlySet<Operand['kind']> = new Set<Operand['kind']>([
  'bool',
  'dot',
  'nil',
  'number',
  'string',
]);

/**
 * Parses one text: its own tree, and those that it defines.
 * @param source the name of the template, as it appears in messages
 * @param isFunction whether a function of that name may be called
 * @returns trees by name, in the order of their definition, the text's own last; throws `TemplateError`
 */
export function parseTemplate(
  source: string,
  text: string,
  isFunction: (name: string) => boolean,
): TemplateTree[] {
  return new Parser(source, text, isFunction).parse();
}

class Parser {
  readonly #source: string;
  readonly #text: string;
  readonly #isFunction: (name: string) => boolean;
  readonly #lexer: Lexer;
  /** Tokens that were read and given back; the next one is the last. */
  readonly #pending: Token[] = [];
  /** The last token read: errors are on its line. */
  #last: Token;
  /** Variables that may be used, innermost last. */
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #depth = 0;
  /** Line of the action at hand. */
  #actionLine = 0;
  readonly #trees = new Map<string, TemplateTree>();

  constructor(source: string, text: string, isFunction: (name: string) => boolean) {
    this.#source = source;
    this.#text = text;
    this.#isFunction = isFunction;
    this.#lexer = new Lexer(text);
    this.#last = { kind: 'eof', text: '', at: 0, line: 1 };
  }

  parse(): TemplateTree[] {
    const body: TemplateNode[] = [];
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'leftDelim') {
        const delim = this.#next();
        const first = this.#nextNonSpace();
        if (first.kind === 'define') {
          this.#definition();
          continue;
        }
        this.#pending.push(first, delim);
      }
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') this.#fail(`unexpected ${describeEnd(node)}`);
      body.push(node as TemplateNode);
    }
    this.#add(this.#source, body);
    return [...this.#trees.values()];
  }

  #add(name: string, body: readonly TemplateNode[]): void {
    const known = this.#trees.get(name);
    if (!known || isEmpty(known.body)) {
      this.#trees.delete(name);
      this.#trees.set(name, { name, source: this.#source, text: this.#text, body });
      return;
    }
    if (!isEmpty(body)) this.#fail(`template: multiple definition of template ${JSON.stringify(name)}`);
  }

  // Tokens.

  #next(): Token {
    this.#last = this.#pending.pop() ?? this.#lexer.next();
    return this.#last;
  }

  #peek(): Token {
    const token = this.#pending.pop() ?? this.#lexer.next();
    this.#pending.push(token);
    return token;
  }

  #nextNonSpace(): Token {
    let token = this.#next();
    while (token.kind === 'space') token = this.#next();
    return token;
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#pending.push(token);
    return token;
  }

  #fail(message: string): never {
    const { line } = this.#last;
    throw new TemplateError(`template: ${this.#source}:${line}: ${message}`, this.#source, line);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.#fail(`unexpected ${describeToken(token)} in ${context}`);
    let where = '';
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      where = ` in action started at ${this.#source}:${this.#actionLine}`;
      if (token.text.endsWith(' action')) where = where.slice(' in action'.length);
    }
    this.#fail(describeToken(token) + where);
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  // Nodes.

  #textOrAction(): TemplateNode | ListEnd {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case 'text':
        return { kind: 'text', text: token.text, ...placeOf(token) };
      case 'leftDelim': {
        this.#actionLine = token.line;
        const node = this.#nested(() => this.#action());
        this.#actionLine = 0;
        return node;
      }
      default:
        return this.#unexpected(token, 'input');
    }
  }

  #nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_DEPTH) this.#fail('template nesting too deep');
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  #action(): TemplateNode | ListEnd {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#jump(token, token.kind);
      case 'else': {
        // `{{else if …}}` and `{{else with …}}`: the word is read again as an action of its own.
        const next = this.#peekNonSpace();
        if (next.kind !== 'if' && next.kind !== 'with') this.#expect('rightDelim', 'else');
        return { kind: 'else', ...placeOf(token) };
      }
      case 'end':
        this.#expect('rightDelim', 'end');
        return { kind: 'end', ...placeOf(token) };
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token, token.kind);
      case 'template':
        return this.#call();
      default: {
        this.#pending.push(token);
        // Variables of an action live until the `end` of what it is in.
        const pipeline = this.#pipeline('command', 'rightDelim');
        return { kind: 'action', pipeline, ...placeOf(token) };
      }
    }
  }

  #jump(token: Token, word: 'break' | 'continue'): TemplateNode {
    const next = this.#nextNonSpace();
    if (next.kind !== 'rightDelim') this.#unexpected(next, `{{${word}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${word}}} outside {{range}}`);
    return { kind: word, ...placeOf(token) };
  }

  #branch(token: Token, kind: Branch['kind']): Branch {
    const outer = this.#variables.length;
    try {
      const pipeline = this.#pipeline(kind, 'rightDelim');
      if (kind === 'range') this.#rangeDepth++;
      const { body, end } = this.#list();
      if (kind === 'range') this.#rangeDepth--;
      let otherwise: readonly TemplateNode[] | undefined;
      if (end.kind === 'else') otherwise = this.#otherwise(kind);
      return { kind, pipeline, body, otherwise, ...placeOf(token) };
    } finally {
      this.#variables.length = outer;
    }
  }

  /** What is behind `else`; `else if` of an `if` and `else with` of a `with` take its `end` for their own. */
  #otherwise(kind: Branch['kind']): readonly TemplateNode[] {
    const next = this.#peekNonSpace();
    if (next.kind === 'if' || next.kind === 'with') {
      if (next.kind !== kind) this.#unexpected(this.#nextNonSpace(), 'input');
      const token = this.#nextNonSpace();
      return [this.#nested(() => this.#branch(token, kind))];
    }
    const { body, end } = this.#list();
    if (end.kind !== 'end') this.#fail(`expected end; found ${describeEnd(end)}`);
    return body;
  }

  /** Nodes up to and past `{{end}}` or `{{else}}`. */
  #list(): { body: TemplateNode[]; end: ListEnd } {
    const body: TemplateNode[] = [];
    while (this.#peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') return { body, end: node as ListEnd };
      body.push(node as TemplateNode);
    }
    return this.#fail('unexpected EOF');
  }

  #definition(): void {
    const context = 'define clause';
    const name = this.#templateName(this.#nextNonSpace(), context);
    this.#expect('rightDelim', context);
    this.#add(name, this.#ownBody(context));
  }

  /** The body of a template that is defined here: it sees no variables of the one around it. */
  #ownBody(context: string): readonly TemplateNode[] {
    const outer = this.#variables;
    const outerRange = this.#rangeDepth;
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { body, end } = this.#list();
    if (end.kind !== 'end') this.#fail(`unexpected ${describeEnd(end)} in ${context}`);
    this.#variables = outer;
    this.#rangeDepth = outerRange;
    return body;
  }

  #block(): TemplateNode {
    const context = 'block clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipeline = this.#pipeline(context, 'rightDelim');
    this.#add(name, this.#ownBody(context));
    return { kind: 'template', name, pipeline, ...placeOf(token) };
  }

  #call(): TemplateNode {
    const context = 'template clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    let pipeline: Pipeline | undefined;
    const next = this.#nextNonSpace();
    if (next.kind !== 'rightDelim') {
      this.#pending.push(next);
      pipeline = this.#pipeline(context, 'rightDelim');
    }
    return { kind: 'template', name, pipeline, ...placeOf(token) };
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    return unquote(token.text) ?? this.#fail('invalid syntax');
  }

  // Pipelines.

  #pipeline(context: string, end: 'rightDelim' | 'rightParen'): Pipeline {
    const start = this.#peekNonSpace();
    const variables: string[] = [];
    let assigns = false;
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.kind !== 'variable') break;
      this.#next();
      const after = this.#peek();
      const next = this.#peekNonSpace();
      if (next.kind === 'assign' || next.kind === 'declare') {
        assigns = next.kind === 'assign';
        this.#nextNonSpace();
        variables.push(variable.text);
        this.#variables.push(variable.text);
        break;
      }
      if (next.kind === 'punctuation' && next.text === ',') {
        this.#nextNonSpace();
        variables.push(variable.text);
        this.#variables.push(variable.text);
        if (context !== 'range' || variables.length > 1) this.#fail(`too many declarations in ${context}`);
        const { kind } = this.#peekNonSpace();
        if (kind !== 'variable' && kind !== 'rightDelim' && kind !== 'rightParen') {
          this.#fail('range can only initialize variables');
        }
        continue;
      }
      // An operand after all; the space behind it was eaten by the look-ahead.
      if (after.kind === 'space') this.#pending.push(after);
      this.#pending.push(variable);
      break;
    }
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) break;
      if (!OPERAND_STARTS.has(token.kind)) this.#unexpected(token, context);
      this.#pending.push(token);
      commands.push(this.#command());
    }
    const pipeline: Pipeline = { kind: 'pipeline', variables, assigns, commands, ...placeOf(start) };
    this.#checkPipeline(pipeline, context);
    return pipeline;
  }

  #checkPipeline({ commands }: Pipeline, context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.slice(1).forEach(({ args }, i) => {
      if (NOT_EXECUTABLE.has(args[0]!.kind)) {
        this.#fail(`non executable command in pipeline stage ${i + 2}`);
      }
    });
  }

  /** Operands up to a `|`, which is passed, or to what ends the pipeline. */
  #command(): Command {
    const start = this.#peekNonSpace();
    const args: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand) args.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.#pending.push(token);
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) this.#fail('empty command');
    return { args, ...placeOf(start) };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (!term || this.#peek().kind !== 'field') return term;
    // A chain is where its first further field is, as Go has it.
    const place = placeOf(this.#peek());
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1));
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, names: [...term.names, ...names], ...place };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${JSON.stringify(formatOperand(term))}`);
      default:
        return { kind: 'chain', of: term, names, ...place };
    }
  }

  #term(): Operand | undefined {
    const token = this.#nextNonSpace();
    const place = placeOf(token);
    switch (token.kind) {
      case 'identifier':
        if (!this.#isFunction(token.text)) this.#fail(`function ${JSON.stringify(token.text)} not defined`);
        return { kind: 'identifier', name: token.text, ...place };
      case '.':
        return { kind: 'dot', ...place };
      case 'nil':
        return { kind: 'nil', ...place };
      case 'variable':
        if (!this.#variables.includes(token.text)) {
          this.#fail(`undefined variable ${JSON.stringify(token.text)}`);
        }
        return { kind: 'variable', name: token.text, names: [], ...place };
      case 'field':
        return { kind: 'field', names: [token.text.slice(1)], ...place };
      case 'bool':
        return { kind: 'bool', value: token.text === 'true', ...place };
      case 'char':
      case 'number':
        return this.#number(token);
      case 'leftParen':
        return this.#nested(() => this.#pipeline('parenthesized pipeline', 'rightParen'));
      case 'string':
      case 'rawString': {
        const value = unquote(token.text);
        if (value === undefined) this.#fail('invalid syntax');
        return { kind: 'string', value, text: token.text, ...place };
      }
      default:
        this.#pending.push(token);
        return undefined;
    }
  }

  #number(token: Token): NumberNode {
    const { text } = token;
    const node = { kind: 'number', text, ...placeOf(token) } as const;
    if (token.kind === 'char') {
      const value = unquote(text);
      const isLong = !text.startsWith("'\\") && [...text].length > 3;
      if (!isLong && (value === undefined || value === '')) this.#fail('invalid syntax');
      if (isLong || [...value!].length > 1) this.#fail(`malformed character constant: ${text}`);
      const code = strayByte(value!) ?? value!.codePointAt(0)!;
      return { ...node, int: BigInt(code), float: code, ideal: 'rune' };
    }
    if (text.endsWith('i')) this.#fail(`complex numbers are not supported: ${text}`);
    const int = parseGoInt(text);
    if (int !== undefined) return { ...node, int, float: Number(int), ideal: 'int' };
    const float = parseGoFloat(text);
    if (float === undefined) {
      this.#fail(`illegal number syntax: ${JSON.stringify(text)}`);
    }
    if (!/[.eEpP]/.test(text)) this.#fail(`integer overflow: ${JSON.stringify(text)}`);
    const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
    return { ...node, int: whole, float, ideal: 'float' };
  }
}

function placeOf({ at, line }: Token): NodePlace {
  return { at, line };
}

function describeEnd({ kind }: { readonly kind: string }): string {
  return `{{${kind}}}`;
}
