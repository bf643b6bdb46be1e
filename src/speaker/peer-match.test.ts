import { describe, expect, it } from 'vitest';
import { parseIp, type IpAddress } from '../base/ip.ts';
import { longestMatch, prefixContains } from './peer-match.ts';

function prefix(text: string): { address: IpAddress; length: number } {
  const [address, length] = text.split('/');
  return { address: parseIp(address!)!, length: Number(length) };
}

describe('a prefix', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.0.0.1', true],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.0', false],
    ['128.0.0.0/1', '128.0.0.1', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::/64', '2001:db8::ffff:0:0:1', true],
    ['2001:db8::1/128', '2001:db8::2', false],
    ['::/0', '10.0.0.1', false],
    ['0.0.0.0/0', '::1', false],
  ])('%s and %s', (range, address, contains) => {
    expect(prefixContains(prefix(range), parseIp(address)!)).toBe(contains);
  });

  it('that is longest wins, wherever it stands', () => {
    const members = ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '10.2.0.0/16'].map((text) => ({
      prefix: prefix(text),
    }));
    expect(longestMatch(members, parseIp('10.1.2.3')!)).toBe(members[1]);
    expect(longestMatch(members, parseIp('10.9.2.3')!)).toBe(members[0]);
    expect(longestMatch(members, parseIp('9.9.2.3')!)).toBe(members[2]);
    expect(longestMatch(members, parseIp('::1')!)).toBeUndefined();
  });
});
