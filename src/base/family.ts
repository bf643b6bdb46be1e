/** Address families that Catbird carries. The index of a family is used to address per-family arrays. */

/** https://www.iana.org/assignments/address-family-numbers */
export const AFI = { ipv4: 1, ipv6: 2 } as const;
/** https://www.iana.org/assignments/safi-namespace */
export const SAFI = { unicast: 1 } as const;

export interface Family {
  /** Position in `FAMILIES`. */
  readonly index: FamilyIndex;
  /** BIRD's channel and net-type name. */
  readonly name: 'ipv4' | 'ipv6';
  readonly afi: number;
  readonly safi: number;
  /** Longest prefix length in bits. */
  readonly bits: 32 | 128;
  /** 32-bit words of an address. */
  readonly words: 1 | 4;
}

export type FamilyIndex = 0 | 1;

export const IPV4: Family = { index: 0, name: 'ipv4', afi: AFI.ipv4, safi: SAFI.unicast, bits: 32, words: 1 };
export const IPV6: Family = {
  index: 1,
  name: 'ipv6',
  afi: AFI.ipv6,
  safi: SAFI.unicast,
  bits: 128,
  words: 4,
};
export const FAMILIES: readonly [Family, Family] = [IPV4, IPV6];

/** The family of an AFI and SAFI pair, or undefined where Catbird does not carry it. */
export function familyOf(afi: number, safi: number): Family | undefined {
  return FAMILIES.find((family) => family.afi === afi && family.safi === safi);
}
