/** BIRD's text of single values. */
import { formatIp, formatIpv4 } from '../../base/ip.ts';
import type { IpAddress } from '../../base/ip.ts';
import { formatBytes, formatMac, formatNet } from './nets.ts';
import type { Net } from './nets.ts';
import { enumTypeNumber, isEnum } from './types.ts';
import type { Type } from './types.ts';
import { formatEc, formatLarge, formatPair, formatRd } from './values.ts';
import type { LargeCommunity, Value } from './values.ts';

/** The text of a value that is no list, path, mask or set, as `print` writes it. */
export function formatScalar(type: Type, value: Value): string {
  switch (type) {
    case 'bool':
      return value ? 'TRUE' : 'FALSE';
    case 'ip':
      return formatIp(value as IpAddress);
    case 'mac':
      return formatMac(value as number);
    case 'prefix':
      return formatNet(value as Net);
    case 'pair':
      return formatPair(value as number);
    case 'quad':
      return formatIpv4(value as number);
    case 'ec':
      return formatEc(value as bigint);
    case 'rd':
      return formatRd(value as bigint);
    case 'lc':
      return formatLarge(value as LargeCommunity);
    case 'bytestring':
      return formatBytes(value as string);
    default:
      return isEnum(type)
        ? `(enum ${enumTypeNumber(type).toString(16)})${value as number}`
        : String(value as number | string);
  }
}
