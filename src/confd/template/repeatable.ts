/** Which rounds of loops give the same whenever what they see and read is the same, as their text tells. */
import type { Branch, Operand, Pipeline, TemplateNode, TemplateTree } from './ast.ts';
import type { FindFunc } from './compile-operands.ts';

/** Where what a text names is found. */
export interface Named {
  readonly findTree: (name: string) => TemplateTree | undefined;
  readonly findFunc: FindFunc;
}

/** Thrown where a round does more than write, or asks what changes by itself. */
class NotRepeatable extends Error {}

/**
 * The variables from outside that the rounds of a loop see. Undefined where a round must be run every time: it assigns
 * variables of the loop's surroundings, may end the loop, or calls a function whose result changes by itself. Also where
 * it calls nothing: it is run as fast as it is found.
 */
export function seenFromOutside(loop: Branch, named: Named): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = new Walk(named);
  try {
    walk.nodes(loop.body, new Set(loop.pipeline.variables), seen, false);
  } catch (error) {
    if (error instanceof NotRepeatable) return undefined;
    throw error;
  }
  return walk.callsAnything ? [...seen] : undefined;
}

class Walk {
  readonly #named: Named;
  /** Templates that have been looked at: those that call each other end here. */
  readonly #called = new Set<string>();
  callsAnything = false;

  constructor(named: Named) {
    this.#named = named;
  }

  /**
   * @param own variables that are declared inside so far
   * @param seen takes the others that are used
   * @param mayJump the nodes are in a loop of their own
   */
  nodes(nodes: readonly TemplateNode[], own: ReadonlySet<string>, seen: Set<string>, mayJump: boolean): void {
    // What is declared lives to the end of the list.
    const here = new Set(own);
    for (const node of nodes) {
      switch (node.kind) {
        case 'text':
          break;
        case 'action':
          this.#pipeline(node.pipeline, here, seen);
          break;
        case 'template':
          if (node.pipeline) this.#pipeline(node.pipeline, here, seen);
          this.#call(node.name);
          break;
        case 'break':
        case 'continue':
          if (!mayJump) throw new NotRepeatable();
          break;
        case 'if':
        case 'with':
        case 'range': {
          const inside = new Set(here);
          this.#pipeline(node.pipeline, inside, seen);
          this.nodes(node.body, inside, seen, mayJump || node.kind === 'range');
          this.nodes(node.otherwise ?? [], inside, seen, mayJump);
          break;
        }
        default:
          node satisfies never;
      }
    }
  }

  #call(name: string): void {
    this.callsAnything = true;
    if (this.#called.has(name)) return;
    this.#called.add(name);
    const tree = this.#named.findTree(name);
    // It fails when it is called, with whatever is around it.
    if (!tree) throw new NotRepeatable();
    // It sees none of the variables here.
    this.nodes(tree.body, new Set(), new Set(), false);
  }

  #pipeline({ variables, assigns, commands }: Pipeline, own: Set<string>, seen: Set<string>): void {
    for (const { args } of commands) for (const arg of args) this.#operand(arg, own, seen);
    for (const name of variables) {
      if (!assigns) own.add(name);
      else if (!own.has(name)) throw new NotRepeatable();
    }
  }

  #operand(operand: Operand, own: Set<string>, seen: Set<string>): void {
    switch (operand.kind) {
      case 'variable':
        if (!own.has(operand.name)) seen.add(operand.name);
        break;
      case 'identifier': {
        const found = this.#named.findFunc(operand.name);
        if (!found || found.func.changesByItself) throw new NotRepeatable();
        this.callsAnything = true;
        break;
      }
      case 'pipeline':
        this.#pipeline(operand, own, seen);
        break;
      case 'chain':
        this.#operand(operand.of, own, seen);
        break;
      default:
        break;
    }
  }
}
