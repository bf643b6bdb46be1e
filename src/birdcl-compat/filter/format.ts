/** BIRD's text of values, as `print` and `format` write them. */
import type { AsPath, PathMask } from './as-path.ts';
import { formatScalar } from './format-scalar.ts';
import type { PrefixSet } from './prefix-set.ts';
import type { ValueSet } from './sets.ts';
import type { Type } from './types.ts';
import { formatEc, formatLarge, formatPair } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

export function formatValue(type: Type, value: Value): string {
  if (type === 'route') return '[No route]';
  if (value === undefined) return '(void)';
  switch (type) {
    case 'bgppath':
      return `(path ${(value as AsPath).format()})`;
    case 'clist':
      return `(clist ${(value as readonly number[]).map(formatPair).join(' ')})`;
    case 'eclist':
      return `(eclist ${(value as readonly bigint[]).map(formatEc).join(' ')})`;
    case 'lclist':
      return `(lclist ${(value as readonly LargeCommunity[]).map(formatLarge).join(' ')})`;
    case 'bgpmask':
      return (value as PathMask).format();
    case 'set':
      return (value as ValueSet).format();
    case 'prefix set':
      return (value as PrefixSet).format();
    case 'opaque':
      return '(enum 3f)0';
    default:
      return formatScalar(type, value);
  }
}
