/** What branches and loops may do to what is around them, as their text tells. */
import type { Branch, Operand, Pipeline, TemplateNode } from './ast.ts';

export interface Flow {
  /** Names of the variables that are assigned in it, in some of its branches. */
  readonly assigned: ReadonlySet<string>;
  /** It may end a round of the loop around it. */
  readonly jumpsOut: boolean;
}

export function flowOf(node: Branch): Flow {
  const assigned = new Set<string>();
  ofNodes([node], assigned);
  return { assigned, jumpsOut: jumps(node) };
}

function ofNodes(nodes: readonly TemplateNode[], names: Set<string>): void {
  for (const node of nodes) {
    switch (node.kind) {
      case 'action':
        ofPipeline(node.pipeline, names);
        break;
      case 'template':
        if (node.pipeline) ofPipeline(node.pipeline, names);
        break;
      case 'if':
      case 'with':
      case 'range':
        ofPipeline(node.pipeline, names);
        ofNodes(node.body, names);
        ofNodes(node.otherwise ?? [], names);
        break;
      default:
        break;
    }
  }
}

function ofPipeline({ variables, assigns, commands }: Pipeline, names: Set<string>): void {
  if (assigns) for (const name of variables) names.add(name);
  for (const { args } of commands) for (const arg of args) ofOperand(arg, names);
}

function ofOperand(operand: Operand, names: Set<string>): void {
  if (operand.kind === 'pipeline') ofPipeline(operand, names);
  else if (operand.kind === 'chain') ofOperand(operand.of, names);
}

function jumps(node: TemplateNode): boolean {
  switch (node.kind) {
    case 'break':
    case 'continue':
      return true;
    case 'if':
    case 'with':
      return [...node.body, ...(node.otherwise ?? [])].some(jumps);
    case 'range':
      // Its `else` is outside of it.
      return (node.otherwise ?? []).some(jumps);
    default:
      return false;
  }
}
