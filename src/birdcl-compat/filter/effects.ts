/** What expressions depend on and what they may change: which answers can be kept, and what has to be done in order. */
import type { Expression, PathMaskItem } from './ast.ts';
import type { AttributeInfo } from './attributes.ts';
import type { Bindings } from './program.ts';

/** Attributes whose reading depends on more than the set: on the session, or on others. */
const OTHERS = new Set(['from', 'gw', 'dest', 'ifname', 'gw_mpls', 'net', 'proto', 'source']);

function isOfSet(info: AttributeInfo): boolean {
  return (info.home === 'bgp' || info.home === 'local') && !OTHERS.has(info.name);
}

/** The expressions that an expression is made of. */
function operands(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'not':
    case 'defined':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'method':
      return [node.target, ...node.args];
    case 'builtin':
    case 'call':
      return node.args;
    case 'tuple':
      return node.parts;
    case 'pathMask':
      return node.items.flatMap((item) => (item.kind === 'expression' ? [item.expression] : []));
    case 'net':
      return node.holes.map(({ value }) => value);
    case 'roaCheck':
      return node.about ?? [];
    case 'aspaCheck':
      return [node.path, node.upstream];
    default:
      return [];
  }
}

/** Whether a function is called, which may change attributes: what is read before must be read before. */
export function callsFunction(node: Expression): boolean {
  return node.kind === 'call' || operands(node).some(callsFunction);
}

/** Expressions whose value is made of their operands' values alone. */
const PURE = new Set<Expression['kind']>([
  ...(['constant', 'set', 'prefixSet', 'not', 'defined', 'binary'] as const),
  ...(['method', 'builtin', 'tuple', 'pathMask'] as const),
]);

/**
 * Whether an expression reads attributes of the set and nothing else: no variable, function, network, table or session.
 * Its value then holds until the set or the filter's changes of it are others.
 */
export function readsAttributesOnly(node: Expression, bindings: Bindings): boolean {
  let reads = false;
  const visit = (each: Expression): boolean => {
    if (bindings.constants.has(each)) return true;
    const info = bindings.attributes.get(each);
    if (!info) return PURE.has(each.kind) && operands(each).every(visit);
    reads = true;
    return isOfSet(info);
  };
  return visit(node) && reads;
}

/** Whether a path mask is known when the filter is read. */
export function isConstantMask(items: readonly PathMaskItem[], bindings: Bindings): boolean {
  return items.every(
    (item) =>
      item.kind !== 'expression' ||
      item.expression.kind === 'constant' ||
      bindings.constants.has(item.expression),
  );
}
