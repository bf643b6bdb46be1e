import { expect, test } from 'vitest';
import { IPV4, IPV6 } from '../../base/family.ts';
import { describeMessage, forEachMessage } from './describe.ts';
import { bgpError, CEASE, ERROR } from './errors.ts';
import { encodeKeepalive, encodeRouteRefresh, newMessage } from './message.ts';
import { encodeNotification } from './notification.ts';
import { endOfRib } from './update-encode.ts';

function described(bytes: Uint8Array, direction: 'Sending' | 'Got'): string[] {
  const lines: string[] = [];
  forEachMessage(bytes, (type, start, end) =>
    lines.push(...describeMessage(type, bytes, start, end, direction)),
  );
  return lines;
}

const CEASED = encodeNotification(bgpError(ERROR.cease, CEASE.administrativeReset));

test.each([
  ['a KEEPALIVE', encodeKeepalive(), ['Sending KEEPALIVE'], ['Got KEEPALIVE']],
  ['End-of-RIB', endOfRib(IPV4), ['Sending END-OF-RIB'], ['Got UPDATE', 'Got END-OF-RIB']],
  ['End-of-RIB of IPv6', endOfRib(IPV6), ['Sending END-OF-RIB'], ['Got UPDATE', 'Got END-OF-RIB']],
  ['routes', newMessage(2, 60), ['Sending UPDATE'], ['Got UPDATE']],
  [
    'a NOTIFICATION, of which another line tells when it comes',
    CEASED,
    ['Sending NOTIFICATION(code=6.4)'],
    [],
  ],
  ['a ROUTE-REFRESH', encodeRouteRefresh(0, 0), ['Sending ROUTE-REFRESH'], ['Got ROUTE-REFRESH']],
  ['BoRR', encodeRouteRefresh(0, 1), ['Sending BEGIN-OF-RR'], ['Got BEGIN-OF-RR']],
  ['EoRR', encodeRouteRefresh(0, 2), ['Sending END-OF-RR'], ['Got END-OF-RR']],
] as const)('%s', (_name, bytes, sent, got) => {
  expect([described(bytes, 'Sending'), described(bytes, 'Got')]).toEqual([sent, got]);
});

test('each message of several', () => {
  const both = Uint8Array.of(...encodeKeepalive(), ...CEASED, ...encodeKeepalive());
  expect(described(both, 'Sending')).toEqual([
    'Sending KEEPALIVE',
    'Sending NOTIFICATION(code=6.4)',
    'Sending KEEPALIVE',
  ]);
});
