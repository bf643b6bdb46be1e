import { describe, expect, test } from 'vitest';
import { parseIp } from '../base/ip.ts';
import type { SessionConfig } from '../speaker/config.ts';
import type { FsmState } from '../speaker/fsm/state.ts';
import type { Negotiated } from '../speaker/negotiated.ts';
import type { RecordedConnection } from '../speaker/session-recorder.ts';
import { writeMessage, writeStateChange } from './bgp4mp.ts';
import { RecordWriter } from './record-writer.ts';
import { readRecords } from './test-support.ts';

const UPDATE = 2;

function config(options: Partial<SessionConfig> = {}): SessionConfig {
  return {
    localAs: 65000,
    remoteAs: 4_200_000_000,
    remoteAddress: parseIp('10.0.0.2'),
    localAddress: parseIp('10.0.0.1'),
    ...options,
  } as SessionConfig;
}

function connection(
  state: FsmState,
  negotiated: { as4?: boolean; addPath?: readonly [boolean, boolean]; remoteAs?: number } = {},
  addresses: readonly [string, string] | undefined = ['10.0.0.1', '10.0.0.2'],
): RecordedConnection {
  const { as4 = true, addPath = [false, false], remoteAs = 4_200_000_000 } = negotiated;
  const families = addPath.map((addPathReceive, family) => ({ family, addPathReceive }));
  return {
    state,
    negotiated: { as4, remoteAs, families } as unknown as Negotiated,
    transport: addresses && {
      local: { address: parseIp(addresses[0])!, port: 179 },
      remote: { address: parseIp(addresses[1])!, port: 1000 },
    },
  };
}

function message(type: number, body: readonly number[] = []): Uint8Array {
  return Uint8Array.from([...new Array<number>(16).fill(255), 0, 19 + body.length, type, ...body]);
}

/** Subtype and body, in hexadecimal, of the record of a message. */
function recorded(own: SessionConfig, on: RecordedConnection, bytes: Uint8Array, index = 0): string {
  const out = new RecordWriter(16);
  // What stands before and behind is not part of it.
  const padded = Uint8Array.from([1, 2, 3, ...bytes, 4, 5]);
  writeMessage(out, own, on, index, 1234, padded, 3, 3 + bytes.length);
  const [record, ...more] = readRecords(out.written);
  expect(more).toEqual([]);
  expect(record).toMatchObject({ seconds: 1234, type: 16 });
  const hex = record!.body.toString('hex');
  const whole = Buffer.from(bytes).toString('hex');
  expect(hex.endsWith(whole)).toBe(true);
  return `${record!.subtype} ${hex.slice(0, -whole.length)}`;
}

describe('messages', () => {
  test.each([
    ['before it is agreed on', 'OpenConfirm', {}, message(4), '1 5ba0fde8 0000 0001 0a000002 0a000001'],
    [
      'with 4-octet AS numbers',
      'Established',
      {},
      message(4),
      '4 fa56ea000000fde8 0000 0001 0a000002 0a000001',
    ],
    ['without them', 'Established', { as4: false }, message(4), '1 5ba0fde8 0000 0001 0a000002 0a000001'],
  ] as const)('AS numbers %s', (_what, state, negotiated, bytes, expected) => {
    expect(recorded(config(), connection(state, negotiated), bytes)).toBe(
      expected.replace(' ', '+').replaceAll(' ', '').replace('+', ' '),
    );
  });

  test('IPv6, over an interface', () => {
    const own = config({ remoteAddress: parseIp('fe80::2')!, localAs: 4_200_000_001 });
    const text = recorded(own, connection('OpenSent', {}, ['fe80::1', 'fe80::2']), message(4), 7);
    const address = (last: string): string => `fe80${'0'.repeat(27)}${last}`;
    expect(text).toBe(`1 5ba05ba000070002${address('2')}${address('1')}`);
    expect(recorded(own, connection('OpenSent', {}, ['fe80::1', 'fe80::2']), message(4), 70_000)).toContain(
      '5ba05ba000000002',
    );
  });

  const v4 = [0, 0, 0, 0];
  const withdrawn = [0, 2, 8, 10, 0, 0];
  const announced = [0, 0, 0, 4, 0x40, 1, 1, 0, 8, 10];
  const mpReach = (afi: number, code = 14): number[] => [
    0,
    0,
    0,
    10,
    0x40,
    1,
    1,
    0,
    0x80,
    code,
    3,
    0,
    afi,
    1,
  ];
  const mpLong = [0, 0, 0, 7, 0x90, 15, 0, 3, 0, 2, 1];
  test.each([
    ['no family', [false, false], announced, 4],
    ['all families', [true, true], v4, 9],
    ['all families, something else than an UPDATE', [true, true], undefined, 4],
    ['IPv4: announced', [true, false], announced, 9],
    ['IPv4: withdrawn', [true, false], withdrawn, 9],
    ['IPv4: End-of-RIB', [true, false], v4, 9],
    ['IPv4: MP_REACH_NLRI', [true, false], mpReach(1), 9],
    ['IPv4: IPv6 routes', [true, false], mpReach(2), 4],
    ['IPv4: IPv6 routes that go', [true, false], mpLong, 4],
    ['IPv6: IPv4 routes', [false, true], announced, 4],
    ['IPv6: announced', [false, true], mpReach(2), 9],
    ['IPv6: withdrawn', [false, true], mpReach(2, 15), 9],
    ['IPv6: long length', [false, true], mpLong, 9],
    ['IPv6: another family', [false, true], mpReach(25), 4],
    ['IPv6: cut short', [false, true], [0, 0, 0, 4, 0x80, 14, 9, 0], 4],
    ['IPv6: attributes longer than the message', [false, true], [0, 0, 0, 99, 0x80, 14, 3, 0, 2, 1], 4],
    ['IPv6: no routes', [false, true], [0, 0, 0, 4, 0x40, 1, 1, 0], 4],
    ['IPv6: nothing', [false, true], [], 4],
  ] as const)('path identifiers of %s', (_what, addPath, body, subtype) => {
    const bytes = body ? message(UPDATE, body) : message(4);
    const text = recorded(config(), connection('Established', { addPath: [...addPath] as const }), bytes);
    expect(text.split(' ')[0]).toBe(String(subtype));
    const old = recorded(config(), connection('Established', { addPath, as4: false }), bytes);
    expect(old.split(' ')[0]).toBe(subtype === 9 ? '8' : '1');
  });
});

describe('changes of state', () => {
  test.each([
    ['Idle', 'Active', undefined, '0000 0001 00000000 00000000 0001 0003'],
    ['Active', 'Connect', undefined, '0000 0001 0a000002 0a000001 0003 0002'],
    ['Connect', 'OpenSent', ['10.0.0.9', '10.0.0.2'], '0000 0001 0a000002 0a000009 0002 0004'],
    ['Established', 'Idle', ['10.0.0.9', '10.0.0.2'], '0000 0001 0a000002 0a000009 0006 0001'],
  ] as const)('%s to %s', (from, to, addresses, expected) => {
    const out = new RecordWriter(16);
    const on = { ...connection(to, {}, addresses), ...(addresses ? {} : { transport: undefined }) };
    writeStateChange(out, config(), on, 0, { from, to, seconds: 99 });
    const [record] = readRecords(out.written);
    expect(record).toMatchObject({ seconds: 99, type: 16, subtype: 5 });
    expect(record!.body.toString('hex')).toBe(`fa56ea000000fde8${expected.replaceAll(' ', '')}`);
  });

  test.each([
    ['external', 'OpenSent', '00000000'],
    ['external', 'Established', 'fa56ea00'],
    ['internal', 'OpenSent', '0000fde8'],
  ] as const)('the AS of an %s neighbour, on the way to %s', (remoteAs, to, expected) => {
    const out = new RecordWriter(16);
    writeStateChange(out, config({ remoteAs }), connection(to), 0, { from: 'Connect', to, seconds: 0 });
    expect(readRecords(out.written)[0]!.body.toString('hex').slice(0, 8)).toBe(expected);
  });
});
