/** Messages of rtnetlink, made by hand; the real ones are in interop/daemon/interfaces.test.ts. */
import { expect, test } from 'vitest';
import { formatIp, ipToBytes, parseIp } from '../base/ip.ts';
import { seededRandom } from '../base/random.ts';
import { dumpRequest, InterfaceDump } from './rtnetlink.ts';

const SEQUENCE = 7;

function message(type: number, body: readonly number[], sequence = SEQUENCE): number[] {
  const length = 16 + body.length;
  const bytes = new Uint8Array((length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, 16);
  return [...bytes];
}

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

function attribute(type: number, value: readonly number[]): number[] {
  const length = 4 + value.length;
  return [length, 0, type, 0, ...value, ...new Array<number>((4 - (length & 3)) & 3).fill(0)];
}

function linkBody(index: number, flags: number, name: string): number[] {
  const text = [...new TextEncoder().encode(name), 0];
  return [
    0,
    0,
    1,
    0,
    ...u32(index),
    ...u32(flags),
    ...u32(0),
    ...attribute(3, text),
    ...attribute(4, u32(1400)),
  ];
}

function addressBody(index: number, local: string, length: number, other = local): number[] {
  const bytes = (text: string): number[] => [...ipToBytes(parseIp(text)!)];
  const family = local.includes(':') ? 10 : 2;
  const attributes = [...attribute(1, bytes(other)), ...(family === 2 ? attribute(2, bytes(local)) : [])];
  return [family, length, 0, 0, ...u32(index), ...attributes];
}

const DONE = message(3, [0, 0, 0, 0]);

function dumpOf(...messages: number[][]): InterfaceDump {
  const dump = new InterfaceDump();
  expect(dump.take(Uint8Array.from(messages.flat()), SEQUENCE)).toBe('more');
  return dump;
}

test('a request asks for all', () => {
  const request = dumpRequest('links', 9);
  expect([...request.subarray(0, 12)]).toEqual([32, 0, 0, 0, 18, 0, 1, 3, 9, 0, 0, 0]);
});

test('links and addresses make interfaces', () => {
  const dump = dumpOf(
    message(16, linkBody(1, 0x10009, 'lo')),
    message(16, linkBody(2, 0x11043, 'e1')),
    message(16, linkBody(3, 0x10d1, 'tun0')),
    message(16, linkBody(9, 1, 'other'), SEQUENCE + 1),
  );
  const addresses = [
    message(20, addressBody(2, '10.0.0.1', 24)),
    message(20, addressBody(2, '2001:db8::1', 64)),
    message(20, addressBody(2, '10.0.0.2', 31)),
    message(20, addressBody(2, '10.0.0.5', 30)),
    message(20, addressBody(3, '10.9.0.1', 32, '10.9.0.2')),
    message(20, addressBody(77, '10.9.0.1', 32)),
  ];
  expect(dump.take(Uint8Array.from([...addresses.flat(), ...DONE]), SEQUENCE)).toBe('done');
  const [lo, e1, tun] = dump.interfaces;
  expect(dump.interfaces).toHaveLength(3);
  expect(lo).toMatchObject({ name: 'lo', loopback: true, broadcast: false, adminUp: true, linkUp: true });
  expect(e1).toMatchObject({
    name: 'e1',
    index: 2,
    mtu: 1400,
    broadcast: true,
    multicast: true,
    linkUp: true,
  });
  expect(tun).toMatchObject({ name: 'tun0', multiAccess: false, linkUp: false });
  expect(
    e1!.addresses.map(({ ip, length, opposite }) => [formatIp(ip), length, opposite && formatIp(opposite)]),
  ).toEqual([
    ['10.0.0.1', 24, undefined],
    ['2001:db8::1', 64, undefined],
    ['10.0.0.2', 31, '10.0.0.3'],
    ['10.0.0.5', 30, '10.0.0.6'],
  ]);
  expect(tun!.addresses[0]).toMatchObject({ isPeer: true, opposite: parseIp('10.9.0.2') });
});

test('an error is its number', () => {
  expect(new InterfaceDump().take(Uint8Array.from(message(2, u32(-1 >>> 0))), SEQUENCE)).toBe(1);
});

test('bytes that make no sense do no harm', () => {
  const random = seededRandom(3);
  const good = [
    ...message(16, linkBody(2, 0x11043, 'e1')),
    ...message(20, addressBody(2, '10.0.0.1', 24)),
    ...DONE,
  ];
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from(good.slice(0, random.below(good.length + 1)));
    for (let i = 0; i < 3 && bytes.length > 0; i++) bytes[random.below(bytes.length)] = random.below(256);
    const dump = new InterfaceDump();
    dump.take(bytes, SEQUENCE);
    expect(dump.interfaces.length).toBeLessThanOrEqual(1);
  }
});
