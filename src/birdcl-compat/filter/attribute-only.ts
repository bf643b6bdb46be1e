/** Which expressions have one answer for an attribute set, whatever the route, and whatever the filter did before. */
import type { Expression, PathMaskItem } from './ast.ts';
import type { AttributeInfo } from './attributes.ts';
import type { Bindings } from './program.ts';

/** Attributes whose reading depends on more than the set: on the session, or on others. */
const OTHERS = new Set(['from', 'gw', 'dest', 'ifname', 'gw_mpls', 'net', 'proto', 'source']);

function isOfSet(info: AttributeInfo): boolean {
  return (info.home === 'bgp' || info.home === 'local') && !OTHERS.has(info.name);
}

/**
 * Whether an expression reads attributes of the set and nothing else: no variable, function, network, table or session.
 * Its value then holds until the set or the filter's changes of it are others.
 */
export function readsAttributesOnly(node: Expression, bindings: Bindings): boolean {
  let reads = false;
  const visit = (each: Expression): boolean => {
    if (bindings.constants.has(each)) return true;
    const info = bindings.attributes.get(each);
    if (info) {
      reads = true;
      return isOfSet(info);
    }
    switch (each.kind) {
      case 'constant':
      case 'set':
      case 'prefixSet':
        return true;
      case 'not':
      case 'defined':
        return visit(each.operand);
      case 'binary':
        return visit(each.left) && visit(each.right);
      case 'method':
        return visit(each.target) && each.args.every(visit);
      case 'builtin':
        return each.args.every(visit);
      case 'tuple':
        return each.parts.every(visit);
      case 'pathMask':
        return each.items.every((item) => item.kind !== 'expression' || visit(item.expression));
      default:
        return false;
    }
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
