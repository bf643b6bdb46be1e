/**
 * A short storm over three members of etcd. The long one is `npm run etcd-storm`. It needs a machine that does nothing else
 * meanwhile, and is run where CATBIRD_STORM is set.
 */
import { expect, test } from 'vitest';
import { inNamespaces, stormMissing } from './namespaces.ts';

const missing = process.env['CATBIRD_STORM'] === undefined ? 'CATBIRD_STORM is not set' : stormMissing();

test.skipIf(missing !== undefined)(
  `under failing members the configuration follows the keys, and no session ends that need not${missing === undefined ? '' : ` (${missing})`}`,
  { timeout: 120_000 },
  async () => {
    let output = '';
    const code = await inNamespaces(
      ['--seconds', '20', '--seed', '5', '--inside'],
      (text) => (output += text),
    );
    expect(code, output).toBe(0);
    expect(output).toMatch(/^configurations applied +[1-9]/m);
  },
);
