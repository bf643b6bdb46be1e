/** Which configured range an address belongs to. */
import type { IpAddress } from '../base/ip.ts';

export interface AddressPrefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** Whether `address` lies in the prefix; never across families. */
export function prefixContains(prefix: AddressPrefix, address: IpAddress): boolean {
  if (prefix.address.version !== address.version) return false;
  let left = prefix.length;
  for (let i = 0; i < address.words.length && left > 0; i++, left -= 32) {
    const mask = left >= 32 ? 0xffff_ffff : ~(0xffff_ffff >>> left);
    if (((prefix.address.words[i]! ^ address.words[i]!) & mask) !== 0) return false;
  }
  return true;
}

/** The member with the longest prefix that contains `address`. */
export function longestMatch<T extends { readonly prefix: AddressPrefix }>(
  members: Iterable<T>,
  address: IpAddress,
): T | undefined {
  let best: T | undefined;
  for (const member of members) {
    if (!prefixContains(member.prefix, address)) continue;
    if (!best || member.prefix.length > best.prefix.length) best = member;
  }
  return best;
}
