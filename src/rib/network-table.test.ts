import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { IPV4, IPV6 } from '../base/family.ts';
import { formatPrefix, parsePrefix } from '../base/prefix.ts';
import { maskWords, NetworkTable } from './network-table.ts';

function add(table: NetworkTable, text: string): number {
  const { words, length } = parsePrefix(text)!;
  return table.add(words, 0, length);
}

describe.each([
  ['IPv4', IPV4, ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/16', '10.1.2.3/32']],
  ['IPv6', IPV6, ['::/0', '2001:db8::/32', '2001:db8::/48', '2001:db8::1/128']],
] as const)('%s networks', (_name, family, texts) => {
  test('equal networks are one number; lengths tell networks apart', () => {
    const table = new NetworkTable(family);
    const numbers = texts.map((text) => add(table, text));
    expect(new Set(numbers).size).toBe(texts.length);
    expect(texts.map((text) => add(table, text))).toEqual(numbers);
    expect(numbers.map((net) => table.format(net))).toEqual(texts);
  });

  test('the longest match is found among those that are accepted', () => {
    const table = new NetworkTable(family);
    const numbers = texts.map((text) => add(table, text));
    const host = parsePrefix(texts[3]!)!;
    expect(table.longestMatch(host.words, family.bits, () => true)).toBe(numbers[3]);
    expect(table.longestMatch(host.words, family.bits, (net) => net !== numbers[3])).not.toBe(numbers[3]);
    expect(table.longestMatch(host.words, family.bits, () => false)).toBe(0);
  });
});

test('a table agrees with a map over any mixture of adding and removing', () => {
  const prefix = fc.record({
    word: fc.integer({ min: 0, max: 40 }),
    length: fc.integer({ min: 24, max: 32 }),
  });
  const action = fc.record({ prefix, remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400 }), fc.integer(), (actions, seed) => {
      const table = new NetworkTable(IPV4, seed);
      const known = new Map<string, number>();
      for (const {
        prefix: { word, length },
        remove,
      } of actions) {
        const words = Uint32Array.of(0x0a000000 + word * 64);
        maskWords(words, length);
        const key = formatPrefix({ family: IPV4, words, length });
        const net = known.get(key);
        expect(table.find(words, 0, length)).toBe(net ?? 0);
        if (remove && net !== undefined) {
          table.remove(net);
          known.delete(key);
        } else if (!remove) known.set(key, table.add(words, 0, length));
      }
      expect(table.size).toBe(known.size);
      for (const [key, net] of known) expect(table.format(net)).toBe(key);
    }),
  );
});
