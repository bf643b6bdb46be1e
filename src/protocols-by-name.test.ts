import { expect, test } from 'vitest';
import { seededRandom } from './base/random.ts';
import { load } from './birdcl-compat/conf/test-support.ts';
import { ProtocolsByName } from './protocols-by-name.ts';

const { protocols } = load(`router id 1.1.1.1;
${Array.from({ length: 20 }, (_, i) => `protocol bgp p${i} { local as 65000; neighbor 10.0.0.${i + 1} as 65000; }`).join('\n')}
`).config!;

test('in whatever order names are asked for', () => {
  const random = seededRandom(3);
  for (let round = 0; round < 100; round++) {
    const found = new ProtocolsByName(protocols);
    // Mostly one after the other, with gaps, leaps and names that are not there.
    let at = 0;
    for (let asked = 0; asked < 40; asked++) {
      const name = random.below(8) === 0 ? `q${asked}` : `p${at}`;
      expect(found.get(name)?.name).toBe(name.startsWith('p') ? name : undefined);
      at = random.below(6) === 0 ? random.below(20) : (at + 1) % 20;
    }
  }
});
