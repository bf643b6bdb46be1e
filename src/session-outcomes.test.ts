import { describe, expect, test } from 'vitest';
import { load } from './birdcl-compat/conf/test-support.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { planChanges } from './daemon-plan.ts';
import { protocolRemarks, runningProtocols, sessionsByProtocol } from './running-daemon.ts';
import type { RunningDaemon, RunningProtocol } from './running-daemon.ts';
import { outcomeLine, outcomeSummary, sessionOutcomes } from './session-outcomes.ts';

const protocol = (name: string, more = '', channel = '', neighbor = 'neighbor 10.0.0.2 as 65000;'): string =>
  `protocol bgp ${name} { local 10.0.0.1 as 65000; ${neighbor} ${more} ipv4 { ${channel} }; }\n`;
const RANGE = 'neighbor range 10.1.0.0/16 as 65000; dynamic name "dyn";';

const parsed = (text: string): DaemonConfig => load(`router id 1.1.1.1;\n${text}`).config!;

const running = (name: string, more: Partial<RunningProtocol> = {}): RunningProtocol => ({
  name,
  state: 'up',
  bgpState: 'Established',
  isRange: false,
  forMs: (3 * 60 + 12) * 60_000,
  routes: 120,
  channels: new Set(['ipv4']),
  canRefresh: true,
  staleTimes: new Map(),
  ...more,
});
const down: Partial<RunningProtocol> = { state: 'start', bgpState: 'Active', routes: 0, channels: new Set() };
const disabled: Partial<RunningProtocol> = { ...down, state: 'down', bgpState: 'Down' };

const daemon = (protocols: readonly RunningProtocol[]): RunningDaemon => ({
  socket: 's',
  inForce: '1',
  remarks: [],
  protocols,
});

/** Lines about the sessions of a daemon that runs `before`, then their number. */
function lines(before: string, after: string, ...protocols: RunningProtocol[]): string[] {
  const config = parsed(before);
  const plan = planChanges(config, parsed(after), runningProtocols(config, daemon(protocols)));
  const outcomes = sessionOutcomes(plan, sessionsByProtocol(config, protocols));
  return [...outcomes.map(outcomeLine), outcomeSummary(outcomes)];
}

describe('what becomes of a session', () => {
  test.each([
    ['an option that restarts', protocol('a', 'hold time 30;'), {}, 'would be reset'],
    ['the same, while it is down', protocol('a', 'hold time 30;'), down, 'is down anyway'],
    ['one that goes', 'protocol device {}', {}, 'would end'],
    ['one that is disabled', protocol('a', 'disabled;'), {}, 'would end'],
    ['a filter', protocol('a', '', 'import none;'), {}, 'stays up'],
    [
      'what the neighbour has to send again',
      protocol('a', '', 'aigp no;'),
      {},
      'stays up, and would be refreshed',
    ],
    [
      'the same, where the neighbour cannot',
      protocol('a', '', 'aigp no;'),
      { canRefresh: false },
      'would be reset',
    ],
    [
      'a description, of one that was disabled by hand',
      protocol('a', 'description "x";'),
      disabled,
      'would be started',
    ],
  ])('%s', (_what, after, state, outcome) => {
    const [line] = lines(protocol('a'), after, running('a', state));
    expect(line).toMatch(new RegExp(`, ${outcome}$`));
  });

  test('a channel that goes takes a session along that uses it, and no other', () => {
    const both = 'protocol bgp a { local 10.0.0.1 as 65000; neighbor 10.0.0.2 as 65000; ipv4; ipv6; }\n';
    expect(lines(both, protocol('a'), running('a', { channels: new Set(['ipv4', 'ipv6']) }))[0]).toContain(
      'reset',
    );
    expect(lines(both, protocol('a'), running('a'))[0]).toContain('stays up');
  });

  test('stale times that were agreed stay within bounds, or do not', () => {
    const bounds = (most: number): string =>
      protocol('a', 'long lived graceful restart on;', `max long lived stale time ${most};`);
    const agreed = running('a', { staleTimes: new Map([['ipv4', 600]]) });
    expect(lines(bounds(3000), bounds(700), agreed)[0]).toContain('stays up');
    expect(lines(bounds(3000), bounds(500), agreed)[0]).toContain('would be reset');
  });

  test('sessions of a range are those behind it; untouched ones are not told of', () => {
    const range = (more = ''): string => protocol('r', more, '', RANGE);
    const all = [
      running('a'),
      running('r', { state: 'start', bgpState: 'Passive', isRange: true, routes: 0 }),
      running('dyn1', { routes: 1 }),
      running('dyn2', down),
      running('z'),
    ];
    const before = protocol('a') + range() + protocol('z');
    expect(lines(before, protocol('a') + range('hold time 30;') + protocol('z'), ...all)).toEqual([
      'session dyn1, Established for 3h12 with 1 route, would be reset',
      'session dyn2, Active for 3h12, is down anyway',
      '1 session would be reset, 1 session is down anyway',
    ]);
    expect(lines(before, before, ...all)).toEqual(['']);
  });

  test('routes that are kept for a restart would be lost', () => {
    const kept = running('a', { ...down, routes: 7 });
    expect(lines(protocol('a'), protocol('a', 'hold time 30;'), kept)[0]).toBe(
      'session a, Active for 3h12 with 7 routes kept for its restart, would be reset',
    );
  });
});

test('what a daemon runs besides, or does not, is told', () => {
  const config = parsed(protocol('a') + protocol('b') + protocol('r', '', '', RANGE));
  const range = running('r', { bgpState: 'Passive', isRange: true });
  expect(protocolRemarks(config, [running('a'), running('b'), range, running('dyn1')])).toEqual([]);
  expect(protocolRemarks(config, [running('a'), running('x'), range])).toEqual([
    'it does not run b, as the keys would have it',
    'it runs x, which the keys do not have',
  ]);
});
