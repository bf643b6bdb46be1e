import { describe, expect, it } from 'vitest';
import { IPV4 } from '../base/family.ts';
import type { SessionConfig } from '../speaker/config.ts';
import {
  addressOf,
  familyConfig,
  sessionConfig as neighborConfig,
  SimWorld,
  type SimSpeaker,
} from '../speaker/sim/speakers.ts';
import { Announced } from './announced.ts';
import { Feed, type FeedEvent, type FeedOutcome, type FeedPlan } from './feed.ts';
import { MadeUpRoutes } from './made-up.ts';
import { MrtSource } from './mrt-source.ts';
import { feedOptions, sessionConfig } from './options.ts';
import { FeedError } from './source.ts';
import { targetOf } from './target.ts';
import {
  asPath,
  bgp4mp,
  describe as describeMessages,
  joined,
  localPref,
  memorySource,
  nextHop,
  nlri,
  origin,
  target,
  update,
} from './test-support.ts';

const SPARE_ID = 0xc0000263;

/** A feed on 10.0.0.2 and its neighbour on 10.0.0.1. */
class Scene {
  readonly world: SimWorld;
  readonly neighbor: SimSpeaker;
  readonly feed: Feed;
  readonly host;
  readonly events: FeedEvent[] = [];
  outcome: FeedOutcome | undefined;
  error: unknown;

  private constructor(world: SimWorld, neighbor: SimSpeaker, plan: Partial<FeedPlan>) {
    this.world = world;
    this.neighbor = neighbor;
    this.host = world.network.host('10.0.0.2');
    const options = feedOptions({ to: '10.0.0.1', as: '65000', routes: '1' }, SPARE_ID);
    const family = { family: 0 as const, addPathSend: false, extendedNextHop: false };
    this.feed = new Feed(
      {
        clock: world.clock,
        network: this.host,
        random: world.random,
        report: (event) => this.events.push(event),
      },
      {
        session: sessionConfig(options, [family]),
        source: new MadeUpRoutes({ family: IPV4, routes: 1000, sets: 100, seed: 1 }),
        nextHop: undefined,
        rate: undefined,
        flaps: 0,
        once: false,
        withdraw: false,
        ...plan,
      },
    );
    this.feed.run().then(
      (outcome) => (this.outcome = outcome),
      (error: unknown) => (this.error = error),
    );
  }

  static async start(
    plan: Partial<FeedPlan> = {},
    neighbor: Partial<SessionConfig> | 'none' = {},
  ): Promise<Scene> {
    const world = new SimWorld(1);
    const speaker = await world.speaker(['10.0.0.1']);
    if (neighbor !== 'none') {
      speaker.speaker.addSession(
        neighborConfig({ name: 'feed', remoteAddress: addressOf('10.0.0.2'), passive: true, ...neighbor }),
      );
    }
    return new Scene(world, speaker, plan);
  }

  /** Runs simulated time and what was promised until `done`, at most `limitMs`. */
  async until(done: () => boolean, limitMs = 60_000): Promise<void> {
    const { clock } = this.world;
    for (const end = clock.now() + limitMs; !done() && clock.now() < end;) {
      clock.runFor(5);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!done()) throw new Error('not done in time');
  }

  has(type: FeedEvent['type']): boolean {
    return this.events.some((event) => event.type === type);
  }

  get isOver(): boolean {
    return this.outcome !== undefined || this.error !== undefined;
  }

  /** What the neighbour was told, in order. */
  get heard(): string[] {
    const messages = (this.neighbor.receivers.at(-1)?.updates ?? []).map((body) =>
      Uint8Array.from([...Array<number>(19).fill(0), ...body]),
    );
    return describeMessages(messages, target());
  }

  /** Prefixes that the neighbour holds. */
  get held(): Set<string> {
    const held = new Set<string>();
    for (const line of this.heard) {
      const prefix = line.slice(1).split(' ')[0]!;
      if (line.startsWith('+')) held.add(prefix);
      else held.delete(prefix);
    }
    return held;
  }
}

describe('a feed', () => {
  it('announces its routes, then End-of-RIB, and stays', async () => {
    const scene = await Scene.start();
    await scene.until(() => scene.has('sent'));
    scene.world.clock.runFor(600_000);
    expect(scene.held.size).toBe(1000);
    expect(scene.neighbor.latest.updates.at(-1)).toEqual(new Uint8Array(4));
    expect(scene.neighbor.state('feed')).toBe('Established');
    expect(scene.events.map(({ type }) => type)).toEqual(['connecting', 'established', 'progress', 'sent']);
    scene.feed.stop();
    await scene.until(() => scene.isOver);
    expect(scene.outcome).toMatchObject({ end: 'complete', totals: { announced: 1000, remaining: 1000 } });
    expect(scene.neighbor.latest.end?.reason).toBe('Received: Administrative shutdown');
  });

  it('leaves by itself when it is told to', async () => {
    const scene = await Scene.start({ once: true });
    await scene.until(() => scene.isOver);
    expect(scene.held.size).toBe(1000);
    expect(scene.neighbor.latest.end).toBeDefined();
  });

  it('gets everything through a link that chops and stalls', async () => {
    const scene = await Scene.start({ once: true });
    const link = scene.world.network.link(scene.host, scene.neighbor.host);
    link.set({ maxChunk: 50, delayMs: [0, 20], windowBytes: 2000 });
    await scene.until(() => scene.has('progress'));
    link.set({ stalled: true });
    scene.world.clock.runFor(20_000);
    link.set({ stalled: false });
    await scene.until(() => scene.isOver);
    expect(scene.held.size).toBe(1000);
  });

  it('withdraws and announces again as often as it is told, and withdraws before it leaves', async () => {
    const scene = await Scene.start({ once: true, flaps: 2, withdraw: true });
    await scene.until(() => scene.isOver);
    expect(scene.heard.filter((line) => line.startsWith('+'))).toHaveLength(3000);
    expect(scene.heard.filter((line) => line.startsWith('-'))).toHaveLength(3000);
    expect(scene.held.size).toBe(0);
    expect(scene.outcome?.totals).toMatchObject({ announced: 3000, withdrawn: 3000, remaining: 0 });
  });

  it('keeps to its rate', async () => {
    const scene = await Scene.start({ rate: 100, once: true });
    await scene.until(() => scene.has('established'));
    const since = scene.world.clock.now();
    await scene.until(() => scene.world.clock.now() - since >= 5000);
    expect(scene.held.size).toBeGreaterThan(480);
    expect(scene.held.size).toBeLessThan(520);
    await scene.until(() => scene.isOver);
    expect(scene.held.size).toBe(1000);
  });

  it('that is stopped midway leaves at once, or withdraws what it had announced', async () => {
    for (const withdraw of [false, true]) {
      const scene = await Scene.start({ rate: 100, withdraw });
      await scene.until(() => scene.held.size > 200);
      scene.feed.stop();
      await scene.until(() => scene.isOver);
      expect(scene.outcome?.end).toBe('interrupted');
      expect(scene.held.size > 0).toBe(!withdraw);
    }
  });

  it('that is stopped before the session is there leaves too', async () => {
    const scene = await Scene.start();
    scene.feed.stop();
    await scene.until(() => scene.isOver);
    expect(scene.outcome?.end).toBe('interrupted');
  });

  it('replays a recording', async () => {
    const attributes = [...origin(), ...asPath(4, 64500), ...nextHop('192.0.2.7'), ...localPref(100)];
    const messages = [
      update([], attributes, [...nlri('10.1.0.0/16'), ...nlri('10.2.0.0/16')]),
      update(nlri('10.1.0.0/16'), [], []),
    ];
    const source = new MrtSource(
      memorySource(joined(...messages.map((bytes) => bgp4mp(17, 4, bytes)))),
      undefined,
      () => undefined,
    );
    await source.prepare(() => undefined);
    const scene = await Scene.start({ source, once: true });
    await scene.until(() => scene.isOver);
    expect(scene.neighbor.latest.updates.slice(0, 2).map((body) => [...body])).toEqual(
      messages.map((bytes) => bytes.slice(19)),
    );
    expect(scene.outcome?.totals).toMatchObject({ announced: 2, withdrawn: 1, remaining: 1 });
  });

  it.each<[string, Partial<SessionConfig> | 'none', RegExp]>([
    [
      'the neighbour does not want it',
      { remoteAs: 64999 },
      /^the neighbour refused: Bad peer AS: 65000 \(NOTIFICATION 2\/2\)$/,
    ],
    [
      'the neighbour is in another AS',
      { localAs: 64999 },
      /^the neighbour is not what was expected: Bad peer AS: 64999 \(NOTIFICATION 2\/2\)$/,
    ],
    ['the neighbour does not know it', 'none', /^the neighbour closed the connection without a word/],
  ])('says that %s', async (_name, neighbor, text) => {
    const scene = await Scene.start({}, neighbor);
    await scene.until(() => scene.isOver);
    expect(scene.error).toBeInstanceOf(FeedError);
    expect((scene.error as FeedError).message).toMatch(text);
  });

  it('says that nobody listens', async () => {
    const scene = await Scene.start();
    scene.world.network.link(scene.host, scene.neighbor.host).set({ refuse: true });
    await scene.until(() => scene.isOver);
    expect((scene.error as FeedError).message).toBe('cannot connect: Connection refused');
  });

  it.each<[string, (scene: Scene) => void, RegExp]>([
    [
      'by the neighbour',
      ({ neighbor }) => neighbor.speaker.disable('feed', 'maintenance'),
      /^the neighbour refused: Administrative shutdown: "maintenance" \(NOTIFICATION 6\/2\)$/,
    ],
    [
      'by a broken connection',
      ({ world, host, neighbor }) => world.network.link(host, neighbor.host).reset(),
      /^the session ended: Socket: Connection reset by peer$/,
    ],
  ])('says why its session ended: %s', async (_name, end, text) => {
    const scene = await Scene.start({ rate: 100 });
    await scene.until(() => scene.held.size > 0);
    end(scene);
    await scene.until(() => scene.isOver);
    expect((scene.error as FeedError).message).toMatch(text);
  });

  it('says that a recording is broken, after what was sound in it', async () => {
    const attributes = [...origin(), ...asPath(4, 64500), ...nextHop('192.0.2.7'), ...localPref(100)];
    const sound = bgp4mp(16, 4, update([], attributes, nlri('10.1.0.0/16')));
    const source = new MrtSource(memorySource(joined(sound, sound.slice(0, 20))), undefined, () => undefined);
    await source.prepare(() => undefined);
    const scene = await Scene.start({ source });
    await scene.until(() => scene.isOver);
    expect((scene.error as FeedError).message).toMatch(/^bad MRT at byte \d+: /);
    expect(scene.held.size).toBe(1);
  });
});

describe('next hops of a session', () => {
  it.each([
    ['the local address', '10.0.0.2', undefined, '10.0.0.2'],
    ['a documentation address on loopback', '127.0.0.5', undefined, '192.0.2.1'],
    ['the one asked for', '10.0.0.2', '10.9.9.9', '10.9.9.9'],
  ])('%s', async (_name, local, asked, expected) => {
    const world = new SimWorld(1);
    const [a] = await world.pair({ connectDelayTimeS: 0, families: [familyConfig(0)] });
    world.clock.runUntilTrue(() => a.receivers.length > 0, 60_000);
    const session = { ...a.latest.session, local: { address: addressOf(local), port: 1 } };
    const result = targetOf(session, asked === undefined ? undefined : addressOf(asked));
    expect(result.nextHop4.join('.')).toBe(expected);
    expect([...result.nextHop6.subarray(12)].join('.')).toBe(expected);
    expect(result.families).toEqual([{ addPath: false, extendedNextHop: false }, undefined]);
  });
});

describe('what is announced', () => {
  const to = target({ families: [{ addPath: true, extendedNextHop: false }, undefined] });
  const batch = (bytes: readonly number[]) => ({
    bytes: Uint8Array.from(bytes),
    messages: 1,
    announced: 0,
    withdrawn: 0,
  });

  it('is held by network and path identifier, and withdrawn by both', async () => {
    const announced = new Announced();
    const route = (id: number): number[] => [0, 0, 0, id, ...nlri('10.1.0.0/16')];
    announced.apply(batch(update([], origin(), [...route(1), ...route(2), ...route(3)])), to);
    announced.apply(batch(update(route(2), [], [])), to);
    expect(announced.size).toBe(1);
    const lines: string[] = [];
    for await (const out of announced.withdrawals(to, { bytes: 1, routes: 1 })) {
      announced.apply(out, to);
      lines.push(...describeMessages([out.bytes], to));
    }
    expect(lines).toEqual(['-10.1.0.0/16#1', '-10.1.0.0/16#3']);
    expect(announced.size).toBe(0);
  });
});
