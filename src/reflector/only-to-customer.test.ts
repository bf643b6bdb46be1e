/** RFC 9234 section 5: a reflector with a role towards `a`, from which and to which routes go. */
import { expect, test } from 'vitest';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { u32Bytes } from '../rib/attrs/edit.ts';
import { SimWorld } from '../speaker/sim/speakers.ts';
import { ROLE } from '../speaker/wire/iana.ts';
import { attrs, joinReflector, listeningRouter } from './sim/star.ts';
import type { SimRouter } from './sim/router.ts';

const UP_MS = 30_000;
const OWN = 65000;
const NEIGHBOR = 65001;
const OTHER = 65009;

/** The AS in ONLY_TO_CUSTOMER of what a router has from a neighbour: 0 for none, undefined where there is no route. */
function marked(of: SimRouter, from: string): number | undefined {
  const { paths, store, sources } = of.reflector.table('master4');
  for (let row = 1; row < paths.end; row++) {
    const set = paths.attrs[row]!;
    if (set === 0 || sources.info(paths.source[row]!).protocol !== from) continue;
    return store.valueAt(set, ATTR.onlyToCustomer) < 0 ? 0 : store.onlyToCustomer(set);
  }
  return undefined;
}

interface Row {
  readonly role: keyof typeof ROLE;
  /** What a route without the attribute, with the neighbour's AS and with another AS in it becomes. */
  readonly received: readonly [number | undefined, number | undefined, number | undefined];
  /** Likewise for what is sent. */
  readonly sent: readonly [number | undefined, number | undefined];
}

const ROWS: readonly Row[] = [
  { role: 'provider', received: [0, undefined, undefined], sent: [OWN, OTHER] },
  { role: 'rsServer', received: [0, undefined, undefined], sent: [OWN, OTHER] },
  { role: 'customer', received: [NEIGHBOR, NEIGHBOR, OTHER], sent: [0, undefined] },
  { role: 'rsClient', received: [NEIGHBOR, NEIGHBOR, OTHER], sent: [0, undefined] },
  { role: 'peer', received: [NEIGHBOR, NEIGHBOR, undefined], sent: [OWN, undefined] },
];

/** The reflector, and a neighbour in another AS that is what the role says. */
async function world(role: Row['role']): Promise<{ sim: SimWorld; rr: SimRouter; a: SimRouter }> {
  const sim = new SimWorld(3);
  const rr = await listeningRouter(sim, { address: '10.0.0.100', routerId: '1.1.1.100', as: OWN });
  const a = await joinReflector(sim, rr, 'a', 1, { as: NEIGHBOR, policy: { role: ROLE[role] } });
  return { sim, rr, a };
}

function route(of: SimRouter, as: number | undefined): number {
  return attrs(of, (editor) => {
    if (as) editor.set(ATTR.onlyToCustomer, FLAG.optional | FLAG.transitive, u32Bytes(as));
  });
}

test.each(ROWS.flatMap(({ role, received }) => received.map((want, i) => ({ role, want, i }))))(
  'a $role that receives case $i has $want',
  async ({ role, want, i }) => {
    const { sim, rr, a } = await world(role);
    a.setRoute('172.16.1.0/24', route(a, [undefined, NEIGHBOR, OTHER][i]));
    sim.clock.runFor(UP_MS);
    expect(marked(rr, 'a')).toBe(want);
    expect(rr.reports.join('\n').includes('Route leak')).toBe(want === undefined);
  },
);

test.each(ROWS.flatMap(({ role, sent }) => sent.map((want, i) => ({ role, want, i }))))(
  'a $role that sends case $i sends $want',
  async ({ role, want, i }) => {
    const { sim, rr, a } = await world(role);
    rr.setRoute('172.16.1.0/24', route(rr, [undefined, OTHER][i]));
    sim.clock.runFor(UP_MS);
    expect(marked(a, 'rr')).toBe(want);
  },
);

test('a route that is leaked replaces what the neighbour announced before', async () => {
  const { sim, rr, a } = await world('provider');
  a.setRoute('172.16.1.0/24', route(a, undefined));
  sim.clock.runFor(UP_MS);
  expect(marked(rr, 'a')).toBe(0);
  a.setRoute('172.16.1.0/24', route(a, NEIGHBOR));
  sim.clock.runFor(1000);
  expect(marked(rr, 'a')).toBeUndefined();
});

test('neighbours without a role are sent the attribute as it is', async () => {
  const { sim, rr } = await world('provider');
  const b = await joinReflector(sim, rr, 'b', 2, { as: 65002, policy: {} });
  rr.setRoute('172.16.1.0/24', route(rr, OTHER));
  sim.clock.runFor(UP_MS);
  expect(marked(b, 'rr')).toBe(OTHER);
});
