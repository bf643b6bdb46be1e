/** Syntax trees of templates, as `text/template/parse` of Go builds them. */
import { quote } from './quote.ts';

export interface NodePlace {
  /** Offset in the template's text. */
  readonly at: number;
  /** From 1 on. */
  readonly line: number;
}

/** A number as Go's constants are: what it may become depends on where it is used. */
export interface NumberNode extends NodePlace {
  readonly kind: 'number';
  readonly text: string;
  /** Undefined where it is no whole number, or does not fit 64 bits with or without sign. */
  readonly int: bigint | undefined;
  readonly float: number | undefined;
  /** Written like a floating-point number, or as a character: what it is where any value will do. */
  readonly ideal: 'int' | 'float' | 'rune';
}

export type Operand =
  | (NodePlace & { readonly kind: 'dot' })
  | (NodePlace & { readonly kind: 'nil' })
  | (NodePlace & { readonly kind: 'bool'; readonly value: boolean })
  | NumberNode
  | (NodePlace & { readonly kind: 'string'; readonly value: string; readonly text: string })
  /** `.A.B`: of dot. */
  | (NodePlace & { readonly kind: 'field'; readonly names: readonly string[] })
  /** `$x.A.B`. */
  | (NodePlace & { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] })
  | (NodePlace & { readonly kind: 'identifier'; readonly name: string })
  /** Fields of something in parentheses. */
  | (NodePlace & { readonly kind: 'chain'; readonly of: Operand; readonly names: readonly string[] })
  | Pipeline;

export interface Command extends NodePlace {
  readonly args: readonly Operand[];
}

export interface Pipeline extends NodePlace {
  readonly kind: 'pipeline';
  /** Names of variables with their `$`. */
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Branch extends NodePlace {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  /** Of `else`; one that is absent does nothing. */
  readonly otherwise: readonly TemplateNode[] | undefined;
}

export type TemplateNode =
  | (NodePlace & { readonly kind: 'text'; readonly text: string })
  | (NodePlace & { readonly kind: 'action'; readonly pipeline: Pipeline })
  | Branch
  | (NodePlace & {
      readonly kind: 'template';
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
    })
  | (NodePlace & { readonly kind: 'break' | 'continue' });

/** A template that others may call by name. */
export interface TemplateTree {
  readonly name: string;
  /** Name of the file that it was parsed from, for messages. */
  readonly source: string;
  readonly text: string;
  readonly body: readonly TemplateNode[];
}

/** Whether a template says nothing: it may then be defined once more. */
export function isEmpty(body: readonly TemplateNode[]): boolean {
  return body.every((node) => node.kind === 'text' && /^[\t\n\v\f\r \u0085\u00a0]*$/.test(node.text));
}

/** An operand as Go's messages write it. */
export function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(operand.value);
    case 'number':
    case 'string':
      return operand.text;
    case 'field':
      return operand.names.map((name) => `.${name}`).join('');
    case 'variable':
      return [operand.name, ...operand.names].join('.');
    case 'identifier':
      return operand.name;
    case 'chain': {
      const of = formatOperand(operand.of);
      const base = operand.of.kind === 'pipeline' ? `(${of})` : of;
      return base + operand.names.map((name) => `.${name}`).join('');
    }
    case 'pipeline':
      return formatPipeline(operand);
  }
}

export function formatCommand({ args }: Command): string {
  return args
    .map((arg) => (arg.kind === 'pipeline' ? `(${formatOperand(arg)})` : formatOperand(arg)))
    .join(' ');
}

/** Assignments come out as declarations, as they do from Go. */
export function formatPipeline({ variables, commands }: Pipeline): string {
  const declared = variables.length > 0 ? `${variables.join(', ')} := ` : '';
  return declared + commands.map(formatCommand).join(' | ');
}

/** An action or a call of a template, as Go's messages write it. */
export function formatAction(node: TemplateNode): string {
  switch (node.kind) {
    case 'action':
      return `{{${formatPipeline(node.pipeline)}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipeline ? ` ${formatPipeline(node.pipeline)}` : ''}}}`;
    case 'text':
      return node.text;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    default:
      return `{{${node.kind} ${formatPipeline(node.pipeline)}}}`;
  }
}
