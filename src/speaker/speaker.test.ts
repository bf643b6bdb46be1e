import { describe, expect, it } from 'vitest';
import { parseIpv4 } from '../base/ip.ts';
import type { SessionConfig } from './config.ts';
import { addressOf, familyConfig, sessionConfig, SimWorld, type SimSpeaker } from './sim/speakers.ts';
import { bgpError, CEASE, ERROR } from './wire/errors.ts';
import { MESSAGE } from './wire/iana.ts';
import { newMessage } from './wire/message.ts';

const MINUTE = 60_000;

/** Runs until both ends are Established. */
function establish(world: SimWorld, a: SimSpeaker, b: SimSpeaker, limitMs = 10 * MINUTE): void {
  const up = (): boolean => a.state('b') === 'Established' && b.state('a') === 'Established';
  expect(world.clock.runUntilTrue(up, limitMs)).toBe(true);
}

async function established(
  world: SimWorld,
  a: Partial<SessionConfig> = {},
  b: Partial<SessionConfig> = {},
): Promise<[SimSpeaker, SimSpeaker]> {
  const pair = await world.pair(a, b);
  establish(world, ...pair);
  return pair;
}

const GRACEFUL: Partial<SessionConfig> = {
  gracefulRestart: 'on',
  families: [familyConfig(0, { gracefulRestart: true })],
};

const UPDATE = newMessage(MESSAGE.update, 4);

describe('two speakers over the simulated network', () => {
  it.each([
    ['both active', false, false],
    ['only the first active', false, true],
    ['only the second active', true, false],
  ])('establish a session: %s', async (_name, passiveA, passiveB) => {
    const world = new SimWorld(1);
    const [a, b] = await world.pair({ passive: passiveA }, { passive: passiveB });
    expect([a.state('b'), b.state('a')]).toEqual([
      passiveA ? 'Passive' : 'Active',
      passiveB ? 'Passive' : 'Active',
    ]);
    establish(world, a, b, 30_000);
    world.clock.runFor(10 * MINUTE);
    expect([a.state('b'), b.state('a')]).toEqual(['Established', 'Established']);
    expect([a.status('b').counters.established, b.status('a').counters.established]).toEqual([1, 1]);
    expect(world.network.link(a.host, b.host).connections).toBe(1);
    expect(a.status('b').direction).toBe(b.status('a').direction === 'incoming' ? 'outgoing' : 'incoming');
    expect(a.speaker.halfOpenConnections + b.speaker.halfOpenConnections).toBe(0);
  });

  it('do not when both are passive', async () => {
    const world = new SimWorld(1);
    const [a] = await world.pair({ passive: true }, { passive: true });
    world.clock.runFor(10 * MINUTE);
    expect(a.status('b')).toMatchObject({ state: 'Passive', info: 'Passive       ', phase: 'start' });
  });

  it('settle on one connection whatever the timing, and keep it', async () => {
    let collisions = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const world = new SimWorld(seed);
      // Both connect within the delay of the link, so that connections cross.
      const [a, b] = await world.pair({ connectDelayTimeS: 0 }, { connectDelayTimeS: 0 });
      world.network.link(a.host, b.host).set({ delayMs: [1, 200], maxChunk: 40 });
      establish(world, a, b);
      world.clock.runFor(MINUTE);
      expect([seed, a.state('b'), b.state('a')]).toEqual([seed, 'Established', 'Established']);
      const here = a.latest.session;
      const there = b.latest.session;
      expect([here.local, here.remote]).toEqual([there.remote, there.local]);
      expect(world.network.link(a.host, b.host).connections).toBe(1);
      collisions += [...a.all('notificationSent'), ...b.all('notificationSent')].filter(
        ({ error }) => error.subcode === CEASE.connectionCollision,
      ).length;
    }
    expect(collisions).toBeGreaterThan(50);
  });

  it('hand UPDATEs and refreshes over, and count them', async () => {
    const world = new SimWorld(4);
    const [a, b] = await established(world);
    let written = 0;
    a.latest.session.write([UPDATE, UPDATE], 2, () => written++);
    expect(a.latest.session.requestRefresh(1)).toBe(true);
    world.clock.runFor(100);
    expect(written).toBe(1);
    expect(b.latest.updates).toEqual([new Uint8Array(4), new Uint8Array(4)]);
    expect(b.latest.refreshes).toEqual([[1, 0]]);
    expect(b.latest.reads).toBeGreaterThan(0);
    expect(a.status('b').counters).toMatchObject({ updatesSent: 2 });
    expect(b.status('a').counters).toMatchObject({ updatesReceived: 2 });
  });

  it('keep a session with hold time 3 over a slow, chopping link', async () => {
    const world = new SimWorld(5);
    const [a, b] = await world.pair({ holdTimeS: 3 });
    world.network.link(a.host, b.host).set({ delayMs: [0, 300], maxChunk: 5 });
    establish(world, a, b);
    world.clock.runFor(30 * MINUTE);
    expect(a.status('b').counters.established).toBe(1);
    expect(a.status('b')).toMatchObject({ holdTimer: { ofS: 3 }, keepaliveTimer: { ofS: 1 } });
  });

  it('live without timers when a hold time of 0 is agreed on', async () => {
    const world = new SimWorld(6);
    const [a, b] = await established(world, { holdTimeS: 0 });
    world.network.link(a.host, b.host).set({ stalled: true });
    world.clock.runFor(100 * MINUTE);
    expect(a.state('b')).toBe('Established');
  });
});

describe('a session ends', () => {
  it('when the hold time passes in silence, and starts again after the error wait time', async () => {
    const world = new SimWorld(7);
    const [a, b] = await established(world, { holdTimeS: 9 });
    const link = world.network.link(a.host, b.host);
    link.set({ stalled: true });
    world.clock.runFor(6000);
    expect(a.state('b')).toBe('Established');
    world.clock.runFor(3100);
    expect(a.latest.end).toEqual({ reason: 'BGP Error: Hold timer expired', gracefulRestart: false });
    expect(a.status('b')).toMatchObject({
      phase: 'start',
      info: 'Idle          BGP Error: Hold timer expired',
      lastError: 'BGP Error: Hold timer expired',
      errorWait: { ofS: 60 },
    });
    link.heal();
    world.clock.runFor(1000);
    establish(world, a, b);
    expect(a.status('b')).toMatchObject({ info: 'Established   ', phase: 'up' });
    expect(a.status('b').lastError).toBeUndefined();
  });

  it('not while reading is paused by us, but then when it resumes to silence', async () => {
    const world = new SimWorld(8);
    const [a, b] = await established(world, { holdTimeS: 9 });
    a.latest.session.pauseReading();
    world.clock.runFor(5 * MINUTE);
    expect(a.state('b')).toBe('Established');
    a.latest.session.resumeReading();
    world.clock.runFor(MINUTE);
    expect([a.state('b'), a.status('b').counters.established]).toEqual(['Established', 1]);
    a.latest.session.pauseReading();
    world.network.link(a.host, b.host).vanish(b.host);
    b.speaker.disable('a');
    world.clock.runFor(5 * MINUTE);
    expect(a.state('b')).toBe('Established');
    a.latest.session.resumeReading();
    world.clock.runFor(12_000);
    expect(a.latest.end).toMatchObject({ reason: 'BGP Error: Hold timer expired' });
  });

  it('when the neighbour takes nothing for the send hold time (RFC 9687)', async () => {
    const world = new SimWorld(9);
    const [a, b] = await established(world, { sendHoldTimeS: 30 }, { holdTimeS: 0 });
    b.latest.session.pauseReading();
    a.latest.session.write([new Uint8Array(60_000)], 1, () => undefined);
    world.clock.runFor(MINUTE);
    expect(a.state('b')).toBe('Established');
    a.latest.session.write([new Uint8Array(60_000)], 1, () => expect.unreachable());
    world.clock.runFor(29_000);
    expect(a.state('b')).toBe('Established');
    world.clock.runFor(1500);
    expect(a.latest.end).toMatchObject({ reason: 'BGP Error: Send hold timer expired' });
  });

  it('with an error of the keeper of routes, and stays down where that says so', async () => {
    const world = new SimWorld(10);
    const [a, b] = await established(world);
    a.latest.session.fail(bgpError(ERROR.cease, CEASE.maximumPrefixes), 'Import limit', true);
    world.clock.runFor(1000);
    expect(a.status('b')).toMatchObject({ phase: 'down', info: 'Automatic shutdown: Route limit exceeded' });
    expect(a.latest.end).toMatchObject({ gracefulRestart: false });
    expect(b.latest.end).toEqual({
      reason: 'Received: Maximum number of prefixes reached',
      gracefulRestart: false,
    });
    a.speaker.enable('b');
    establish(world, a, b);
  });

  it('with the error that an UPDATE is answered with', async () => {
    const world = new SimWorld(11);
    const [a, b] = await established(world);
    b.latest.onUpdate = () => bgpError(ERROR.updateMessage, 1);
    a.latest.session.write([UPDATE, UPDATE, UPDATE], 3, () => undefined);
    world.clock.runFor(1000);
    expect(b.latest.updates.length).toBe(1);
    expect(b.status('a').lastError).toBe('BGP Error: Malformed attribute list');
    expect(a.status('b').lastError).toBe('Received: Malformed attribute list');
  });

  it('alone when our own code throws', async () => {
    const world = new SimWorld(12);
    const [a, b] = await established(world);
    const c = await world.speaker(['10.0.0.3']);
    c.speaker.addSession(sessionConfig({ name: 'b', remoteAddress: addressOf('10.0.0.2'), routerId: 3 }));
    b.speaker.addSession(sessionConfig({ name: 'c', remoteAddress: addressOf('10.0.0.3') }));
    world.clock.runFor(MINUTE);
    const broken = new Error('bug');
    b.receivers[0]!.onUpdate = () => {
      throw broken;
    };
    a.latest.session.write([UPDATE], 1, () => undefined);
    world.clock.runFor(1000);
    expect(b.all('bug')).toEqual([{ type: 'bug', session: 'a', cause: broken }]);
    expect(a.status('b').lastError).toBe('Received: Out of Resources');
    expect([b.state('a'), b.state('c')]).toEqual(['Idle', 'Established']);
  });

  it.each([
    [
      'stopped',
      (s: SimSpeaker): unknown => s.speaker.disable('b', 'gone fishing'),
      'Administrative shutdown',
      'gone fishing',
    ],
    [
      'restarted',
      (s: SimSpeaker): unknown => s.speaker.restart('b', 'back soon'),
      'Administrative reset',
      'back soon',
    ],
    [
      'deconfigured',
      (s: SimSpeaker): unknown => s.speaker.removeSession('b', 'deconfigured'),
      'Peer de-configured',
      undefined,
    ],
    [
      'changed',
      (s: SimSpeaker): unknown => s.speaker.removeSession('b', 'changed'),
      'Other configuration change',
      undefined,
    ],
    [
      'shut down',
      (s: SimSpeaker): unknown => s.speaker.shutdown({ message: 'bye' }),
      'Administrative shutdown',
      'bye',
    ],
  ])('with the right Cease when it is %s', async (_name, act, text, message) => {
    const world = new SimWorld(13);
    const [a, b] = await established(world, GRACEFUL, GRACEFUL);
    act(a);
    world.clock.runFor(500);
    expect(b.status('a')).toMatchObject({ lastError: `Received: ${text}`, phase: 'start' });
    expect(b.status('a').message).toBe(message);
    // A NOTIFICATION ends graceful restart (RFC 4724 section 4).
    expect(b.latest.end).toEqual({ reason: `Received: ${text}`, gracefulRestart: false });
  });

  it('and stays stopped, shows no error, and starts again by hand', async () => {
    const world = new SimWorld(14);
    const [a, b] = await established(world);
    a.speaker.disable('b');
    world.clock.runFor(60 * MINUTE);
    expect(a.status('b')).toMatchObject({ phase: 'down', state: 'Down', info: '', enabled: false });
    expect(a.speaker.refusedConnections).toBeGreaterThan(10);
    a.speaker.enable('b');
    establish(world, a, b);
  });

  it('told to all before a shutdown resolves', async () => {
    const world = new SimWorld(15);
    const [a, b] = await established(world);
    world.network.link(a.host, b.host).set({ delayMs: [1900, 1900] });
    let done = false;
    void a.speaker.shutdown().then(() => (done = true));
    world.clock.runFor(2500);
    await new Promise(setImmediate);
    expect([done, a.speaker.sessions().length]).toEqual([false, 0]);
    expect(b.status('a').lastError).toBe('Received: Administrative shutdown');
    world.clock.runFor(1000);
    await new Promise(setImmediate);
    expect(done).toBe(true);
  });
});

describe('errors', () => {
  it('make the wait before the next start longer each time, up to its bound', async () => {
    const world = new SimWorld(16);
    const [a, b] = await world.pair({ remoteAs: 65009, errorWaitTimeS: [10, 30], errorForgetTimeS: 300 });
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      expect(world.clock.runUntilTrue(() => a.status('b').errorWait !== undefined, 10 * MINUTE)).toBe(true);
      waits.push(a.status('b').errorWait!.ofS);
      expect(world.clock.runUntilTrue(() => a.status('b').errorWait === undefined, 10 * MINUTE)).toBe(true);
    }
    expect(waits).toEqual([10, 20, 30, 30]);
    expect(a.status('b').lastError).toBe('BGP Error: Bad peer AS');
    expect(b.status('a').lastError).toBe('Received: Bad peer AS');
  });

  it('stop the session for good with disable after error', async () => {
    const world = new SimWorld(17);
    const [a] = await world.pair({ remoteAs: 65009, disableAfterError: true });
    world.clock.runFor(60 * MINUTE);
    expect(a.status('b')).toMatchObject({ phase: 'down', info: 'BGP Error: Bad peer AS', enabled: false });
  });

  it.each([
    ['the reason that was sent', [CEASE.administrativeReset], true],
    ['any', [0, 1, 2, 3, 4, 5, 6, 7, 8], true],
    ['other reasons', [CEASE.administrativeShutdown], false],
  ])('stop the session with disable after cease of %s', async (_name, disableAfterCease, stays) => {
    const world = new SimWorld(60);
    const [a, b] = await established(world, { disableAfterCease, errorWaitTimeS: [1, 1] });
    b.speaker.restart('a');
    world.clock.runFor(3 * MINUTE);
    expect(a.status('b').enabled).toBe(!stays);
    expect([a.state('b'), a.status('b').lastError]).toEqual(
      stays ? ['Down', 'Received: Administrative reset'] : ['Established', undefined],
    );
  });

  it('of the network do not: it tries again after the connect delay', async () => {
    const world = new SimWorld(18);
    const a = await world.speaker(['10.0.0.1']);
    world.network.host('10.0.0.2');
    a.speaker.addSession(
      sessionConfig({ name: 'b', remoteAddress: addressOf('10.0.0.2'), connectDelayTimeS: 0 }),
    );
    world.clock.runFor(MINUTE);
    expect(a.status('b')).toMatchObject({ info: 'Active        Socket: Connection refused' });
    expect(a.all('fsmState').filter(({ to }) => to === 'Connect').length).toBeLessThan(90);
    expect(a.all('fsmState').filter(({ to }) => to === 'Connect').length).toBeGreaterThan(50);
  });
});

describe('graceful restart', () => {
  it('is expected of a neighbour whose connection breaks', async () => {
    const world = new SimWorld(20);
    const [a, b] = await established(world, GRACEFUL, GRACEFUL);
    world.network.link(a.host, b.host).reset();
    world.clock.settle();
    expect(a.latest.end).toEqual({ reason: 'Socket: Connection reset by peer', gracefulRestart: true });
    expect(a.status('b')).toMatchObject({ phase: 'start', lastError: 'Socket: Connection reset by peer' });
    establish(world, a, b, 30_000);
  });

  it('is not where the neighbour lists no family', async () => {
    const world = new SimWorld(21);
    const [a, b] = await established(world, GRACEFUL, {
      gracefulRestart: 'aware',
      families: GRACEFUL.families!,
    });
    world.network.link(a.host, b.host).reset();
    world.clock.settle();
    expect(a.latest.end).toMatchObject({ gracefulRestart: false });
    expect(b.latest.end).toMatchObject({ gracefulRestart: true });
  });

  it('is what a new connection in an established session means, whichever side opened the old one', async () => {
    for (const [passiveA, passiveB] of [
      [false, true],
      [true, false],
    ] as const) {
      const world = new SimWorld(22);
      const [a, b] = await established(
        world,
        { ...GRACEFUL, passive: passiveA },
        { ...GRACEFUL, passive: passiveB },
      );
      world.network.link(a.host, b.host).vanish(b.host);
      b.speaker.removeSession('a', 'changed');
      const toFirst = { name: 'a', remoteAddress: addressOf('10.0.0.1'), routerId: parseIpv4('10.0.0.2')! };
      b.speaker.addSession(sessionConfig({ ...toFirst, ...GRACEFUL }));
      expect(a.state('b')).toBe('Established');
      expect(world.clock.runUntilTrue(() => a.receivers.length === 2, MINUTE)).toBe(true);
      expect(a.receivers[0]!.end).toEqual({ reason: 'Error: Graceful restart', gracefulRestart: true });
      expect(a.receivers[1]!.end).toBeUndefined();
    }
  });

  it('of our own: the capability says so, and a graceful shutdown sends no NOTIFICATION', async () => {
    const families = [familyConfig(0, { gracefulRestart: true, forwardingPreserved: true }), familyConfig(1)];
    const world = new SimWorld(23);
    const [a, b] = await world.pair({ ...GRACEFUL, families }, { ...GRACEFUL, families });
    a.speaker.restarting = true;
    establish(world, a, b);
    expect(b.latest.session.negotiated.gracefulRestart).toEqual({ restartTimeS: 120, restarting: true });
    expect(b.latest.session.negotiated.families).toMatchObject([
      { gracefulRestart: true, forwardingPreserved: true },
      {},
    ]);
    expect(a.latest.session.negotiated.gracefulRestart).toEqual({ restartTimeS: 120, restarting: false });
    expect(a.latest.session.negotiated.families).toMatchObject([
      { gracefulRestart: true, forwardingPreserved: false },
      {},
    ]);
    void a.speaker.shutdown({ graceful: true });
    world.clock.runFor(1000);
    expect(b.latest.end).toEqual({ reason: 'Socket: Connection closed', gracefulRestart: true });
    expect(a.all('notificationSent')).toEqual([]);
  });
});
