import { describe, expect, it } from 'vitest';
import { IPV4, IPV6, type Family } from '../base/family.ts';
import { MadeUpRoutes, madeUpLimit, type MadeUpOptions } from './made-up.ts';
import { batchesOf, describe as describeMessages, messagesOf, target, UNLIMITED } from './test-support.ts';
import type { Target } from './target.ts';
import { readAttributes, viewUpdate } from './update-view.ts';

async function made(options: Partial<MadeUpOptions>, to: Target = target()): Promise<Uint8Array[]> {
  const routes = new MadeUpRoutes({ family: IPV4, routes: 1000, sets: 100, seed: 1, ...options });
  return messagesOf(await batchesOf(routes, to));
}

function attributesOf(message: Uint8Array): string {
  const view = viewUpdate(message, 19, message.length)!;
  return Buffer.from(message.subarray(view.attributesAt, view.attributesEnd)).toString('hex');
}

function codesOf(message: Uint8Array): number[] {
  const view = viewUpdate(message, 19, message.length)!;
  return readAttributes(message, view.attributesAt, view.attributesEnd)!.map(({ code }) => code);
}

describe('made-up routes', () => {
  it.each<[string, Family, string, string]>([
    ['IPv4', IPV4, '1.0.0.0/24', '1.3.231.0/24'],
    ['IPv6', IPV6, '2400::/48', '2400:0:3e7::/48'],
  ])('%s: as many as wanted, all different, from the first prefix on', async (_name, family, first, last) => {
    const lines = describeMessages(await made({ family }), target());
    expect([lines[0]!.split(' ')[0], lines.at(-1)!.split(' ')[0]]).toEqual([`+${first}`, `+${last}`]);
    expect(new Set(lines.map((line) => line.split(' ')[0])).size).toBe(1000);
  });

  it('begin with another network where that is wanted', async () => {
    const lines = describeMessages(await made({ first: 70_000, routes: 2, sets: 1 }), target());
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['+2.17.112.0/24', '+2.17.113.0/24']);
  });

  it('pass by private and loopback networks, and end before multicast', async () => {
    const messages = await made({ routes: madeUpLimit(IPV4), sets: 1 });
    const octets = new Set(
      messages.map((message) => message[viewUpdate(message, 19, message.length)!.nlriAt + 1]),
    );
    expect([octets.has(10), octets.has(127), octets.has(223), octets.size]).toEqual([
      false,
      false,
      true,
      221,
    ]);
    expect(describeMessages([messages.at(-1)!], target()).at(-1)).toMatch(/^\+223\.255\.255\.0\/24 /);
  });

  it.each([
    [1000, 1],
    [1000, 7],
    [1000, 1000],
  ])('%i routes in %i attribute sets: that many, all different', async (routes, sets) => {
    expect(new Set((await made({ routes, sets })).map(attributesOf)).size).toBe(sets);
  });

  it('are the same for the same seed and others for another one', async () => {
    const [one, again, other] = await Promise.all([made({}), made({}), made({ seed: 2 })]);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('suit the session: LOCAL_PREF inside, the own AS in front outside, AS4_PATH for old neighbours', async () => {
    const inside = await made({});
    expect(inside.every((message) => codesOf(message).includes(5))).toBe(true);
    const to = target({ internal: false, localAs: 64999 });
    const outside = await made({}, to);
    expect(outside.some((message) => codesOf(message).includes(5))).toBe(false);
    expect(describeMessages(outside, to).every((line) => line.includes('path 64999 '))).toBe(true);
    const old = await made({}, target({ as4: false }));
    expect(old.some((message) => codesOf(message).includes(17))).toBe(true);
  });

  it('name neither side AS in their paths, which would be loops', async () => {
    // A private AS, as most neighbours of a feed have.
    const to = target({ localAs: 64512, remoteAs: 64512 });
    const lines = describeMessages(await made({ routes: 20_000, sets: 20_000 }, to), to);
    expect(lines.filter((line) => / 64512[ }]/.test(line))).toEqual([]);
    expect(lines.some((line) => line.includes(' 64513 '))).toBe(true);
  });

  it('come in writes of a bounded number of routes where the rate is limited', async () => {
    const routes = new MadeUpRoutes({ family: IPV4, routes: 1000, sets: 2, seed: 1 });
    const batches = await batchesOf(routes, target(), { ...UNLIMITED, routes: 10 });
    expect(batches.map(({ announced }) => announced)).toEqual(Array(100).fill(10));
  });
});
