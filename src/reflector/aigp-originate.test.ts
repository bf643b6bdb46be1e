/** BIRD `aigp originate`: own routes whose metric is known are sent with it (RFC 7311 section 3.4). */
import { expect, test } from 'vitest';
import { aigpMetric } from '../rib/attrs/aigp.ts';
import { ATTR, LOCAL_ATTR } from '../rib/attrs/codes.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { SimWorld } from '../speaker/sim/speakers.ts';
import { attrs, CLIENT, joinReflector, listeningRouter } from './sim/star.ts';
import { openChannel } from './sim/router.ts';

test.each([
  ['a metric that a filter set', 7, true, 7n],
  ['no metric', undefined, true, undefined],
  ['a metric that means unknown', 0xffff_ffff, true, undefined],
  ['a metric without the option', 7, false, undefined],
])('%s', async (_name, metric, aigpOriginate, expected) => {
  const sim = new SimWorld(2);
  const rr = await listeningRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100' });
  const channels = [openChannel(0, { aigp: true, aigpOriginate, nextHopSelf: 'all' })];
  const a = await joinReflector(sim, rr, 'a', 1, { policy: { ...CLIENT, channels } });
  const set = attrs(rr, (editor) => {
    if (metric !== undefined) editor.set(LOCAL_ATTR.igpMetric, 0, u32Bytes(metric));
  });
  rr.setRoute('172.16.1.0/24', set);
  sim.clock.runFor(30_000);
  const { paths, store } = a.reflector.table('master4');
  const at = store.valueAt(paths.attrs[1]!, ATTR.aigp);
  expect(at < 0 ? undefined : aigpMetric(store.bytes, at, store.foundLength)).toBe(expected);
});
