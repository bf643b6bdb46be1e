import { describe, expect, it } from 'vitest';
import { resolveCollision, type CollisionInput } from './collision.ts';

const LOW = { localRouterId: 1, remoteRouterId: 2, localAs: 65000, remoteAs: 65000 };
const HIGH = { localRouterId: 2, remoteRouterId: 1, localAs: 65000, remoteAs: 65000 };

describe('a collision of connections', () => {
  it.each<[string, CollisionInput, string]>([
    ['no other connection', { newConnection: 'incoming', otherState: 'Idle', ...LOW }, 'keepBoth'],
    [
      'the other waits for its OPEN',
      { newConnection: 'incoming', otherState: 'OpenSent', ...LOW },
      'keepBoth',
    ],
    ['the other only tries', { newConnection: 'incoming', otherState: 'Connect', ...HIGH }, 'stopOther'],
    ['the other waits to try', { newConnection: 'incoming', otherState: 'Active', ...HIGH }, 'stopOther'],
    [
      'the other is established, dominant or not',
      { newConnection: 'incoming', otherState: 'Established', ...LOW },
      'closeNew',
    ],
    [
      'the other is established, ours dominant',
      { newConnection: 'outgoing', otherState: 'Established', ...HIGH },
      'closeNew',
    ],
    [
      'the neighbour dominates and opened the new one',
      { newConnection: 'incoming', otherState: 'OpenConfirm', ...LOW },
      'closeOther',
    ],
    [
      'the neighbour dominates and opened the old one',
      { newConnection: 'outgoing', otherState: 'OpenConfirm', ...LOW },
      'closeNew',
    ],
    [
      'we dominate and opened the new one',
      { newConnection: 'outgoing', otherState: 'OpenConfirm', ...HIGH },
      'closeOther',
    ],
    [
      'we dominate and opened the old one',
      { newConnection: 'incoming', otherState: 'OpenConfirm', ...HIGH },
      'closeNew',
    ],
    [
      'equal identifiers: the higher AS dominates (RFC 6286)',
      {
        newConnection: 'incoming',
        otherState: 'OpenConfirm',
        localRouterId: 1,
        remoteRouterId: 1,
        localAs: 1,
        remoteAs: 2,
      },
      'closeOther',
    ],
  ])('%s', (_name, input, expected) => {
    expect(resolveCollision(input)).toBe(expected);
  });

  it('is decided alike on both ends', () => {
    for (const [a, b] of [
      [LOW, HIGH],
      [HIGH, LOW],
    ] as const) {
      const here = resolveCollision({ newConnection: 'incoming', otherState: 'OpenConfirm', ...a });
      const there = resolveCollision({ newConnection: 'outgoing', otherState: 'OpenConfirm', ...b });
      expect(here).toBe(there);
    }
  });
});
