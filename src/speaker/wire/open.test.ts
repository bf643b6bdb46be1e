import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyConfig, sessionConfig, addressOf } from '../sim/speakers.ts';
import type { FamilyConfig, RequiredCapabilities, SessionConfig } from '../config.ts';
import type { Negotiated } from '../negotiated.ts';
import { formatCapabilities, noCapabilities, type Capabilities } from './capabilities.ts';
import type { BgpError } from './errors.ts';
import { HEADER_LENGTH, ROLE } from './iana.ts';
import {
  decodeOpen,
  encodeOpen,
  isBgpError,
  localCapabilities,
  localOpen,
  negotiate,
  type OpenMessage,
} from './open.ts';

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function config(options: Partial<SessionConfig> = {}): SessionConfig {
  return sessionConfig({ name: 'n', remoteAddress: addressOf('10.0.0.2'), ...options });
}

/** The body of an OPEN with AS 65000, hold time 90, identifier 10.0.0.2 and these optional parameters. */
function body(parameters: string, length = hex(parameters).length): Uint8Array {
  return hex(`04 fde8 005a 0a000002 ${length.toString(16).padStart(2, '0')} ${parameters}`);
}

function decode(bytes: Uint8Array): OpenMessage | BgpError {
  return decodeOpen(bytes, 0, bytes.length);
}

function decoded(bytes: Uint8Array): OpenMessage {
  const open = decode(bytes);
  if (isBgpError(open)) throw new Error(`OPEN is refused: ${open.code}.${open.subcode}`);
  return open;
}

describe('OPEN', () => {
  // Sent by BIRD 2.0.12 for a neighbour with IPv4 and IPv6 channels, graceful restart and ADD-PATH.
  const BIRD =
    '02 38 0104 00010001 0104 00020001 0200 400a 0078 00010100 00020100 4104 0000fde8 4508 00010103 00020103 4600 4700';

  it('reads what BIRD sends, in both forms of its parameters', () => {
    const caps = BIRD.slice(6);
    const bytes = hex(caps);
    const plain = `02 ${bytes.length.toString(16)} ${caps}`;
    const size = bytes.length.toString(16).padStart(4, '0');
    const total = (bytes.length + 3).toString(16).padStart(4, '0');
    for (const open of [decoded(body(plain)), decoded(body(`ff ${total} 02 ${size} ${caps}`, 255))]) {
      expect(open).toMatchObject({ version: 4, as2: 65000, holdTimeS: 90, routerId: 0x0a000002 });
      expect(formatCapabilities(open.capabilities)).toEqual([
        '      Multiprotocol',
        '        AF announced: ipv4 ipv6',
        '      Route refresh',
        '      Graceful restart',
        '        Restart time: 120',
        '        AF supported: ipv4 ipv6',
        '        AF preserved:',
        '      4-octet AS numbers',
        '      ADD-PATH',
        '        RX: ipv4 ipv6',
        '        TX: ipv4 ipv6',
        '      Enhanced refresh',
        '      Long-lived graceful restart',
      ]);
    }
  });

  it('reads capabilities spread over several parameters, known and unknown', () => {
    const { capabilities } = decoded(
      body('02 06 0104 00010001 02 02 0200 02 05 fe03 010203 02 08 0506 0001 0001 0002'),
    );
    expect(capabilities).toMatchObject({ announced: true, routeRefresh: true });
    expect(capabilities.families).toMatchObject([
      { afi: 1, safi: 1, multiprotocol: true, extendedNextHop: true },
    ]);
  });

  it.each<[string, Uint8Array, number, string]>([
    ['version 3', hex('03 fde8 005a 0a000002 00'), 1, '0004'],
    ['version 5', hex('05 fde8 005a 0a000002 00'), 1, '0004'],
    ['parameters longer than the message', body('0206010400010001', 9), 0, ''],
    ['parameters shorter than the message', body('0206010400010001', 7), 0, ''],
    ['bytes after no parameters', body('0200', 0), 0, ''],
    ['a parameter cut off', body('02'), 0, ''],
    ['a parameter longer than what is left', body('0203 0104'), 0, ''],
    ['authentication, which is no more', body('0103 010203'), 4, '0103010203'],
    ['an unknown parameter', body('6300'), 4, '6300'],
    ['a capability cut off', body('0201 01'), 0, ''],
    ['a capability longer than its parameter', body('0204 0104 0001'), 0, ''],
    ['multiprotocol with a wrong length', body('0205 0103 000101'), 0, ''],
    ['route refresh with a value', body('0203 0201 00'), 0, ''],
    ['extended next hop with a wrong length', body('0207 0505 0001000100'), 0, ''],
    ['graceful restart with a wrong length', body('0205 4003 007800'), 0, ''],
    ['4-octet AS with a wrong length', body('0204 4102 fde8'), 0, ''],
    ['ADD-PATH with a wrong length', body('0205 4503 000101'), 0, ''],
    ['a host name longer than its capability', body('0205 4903 056162'), 0, ''],
    ['an extended length without its length', body('ff00', 255), 0, ''],
    ['an extended length that does not fit', body('ff000a 020006 0104 00010001', 255), 0, ''],
  ])('refuses %s', (_name, bytes, subcode, data) => {
    expect(decode(bytes)).toEqual({ code: 2, subcode, data: hex(data) });
  });

  it('ignores an ADD-PATH capability with an unknown value', () => {
    const { capabilities } = decoded(body('020a 4508 00010104 00020101'));
    expect(capabilities.families.every((family) => !family.addPathReceive && !family.addPathSend)).toBe(true);
  });

  it('counts only the last of several graceful restart capabilities', () => {
    const { capabilities } = decoded(body('020e 4006 8078 00010180 4002 0014 0200'));
    expect(capabilities.gracefulRestart).toEqual({ restartTimeS: 20, restarting: false });
    expect(capabilities.families).toMatchObject([{ gracefulRestart: false, forwardingPreserved: false }]);
  });

  it('says everything that is configured, so that it is read back', () => {
    const full = config({
      localAs: 4_200_000_000,
      extendedMessages: true,
      gracefulRestart: 'on',
      hostname: 'rr-1',
      families: [
        familyConfig(1, { addPathSend: true, gracefulRestart: true, forwardingPreserved: true }),
        familyConfig(0, { addPathReceive: true, extendedNextHop: true, gracefulRestart: true }),
      ],
    });
    for (const restarting of [false, true]) {
      const local = localCapabilities(full, restarting);
      const bytes = encodeOpen(localOpen(full, local));
      const open = decodeOpen(bytes, HEADER_LENGTH, bytes.length);
      expect(open).toMatchObject({ as2: 23456, holdTimeS: 240, capabilities: local });
      expect(local.gracefulRestart).toEqual({ restartTimeS: 120, restarting });
      expect(local.families.map((family) => family.forwardingPreserved)).toEqual([false, restarting]);
    }
  });

  it('uses the extended form for capabilities that need it', () => {
    const long = config({ hostname: 'x'.repeat(251) });
    const bytes = encodeOpen(localOpen(long, localCapabilities(long, false)));
    expect(Array.from(bytes.subarray(28, 30))).toEqual([255, 255]);
    expect(decodeOpen(bytes, HEADER_LENGTH, bytes.length)).toMatchObject({
      capabilities: { hostname: 'x'.repeat(251) },
    });
  });

  it('is aware of graceful restart without families, or silent', () => {
    const aware = localCapabilities(
      config({ families: [familyConfig(0, { gracefulRestart: true })] }),
      false,
    );
    expect(aware.gracefulRestart).toBeDefined();
    expect(aware.families[0]!.gracefulRestart).toBe(false);
    expect(localCapabilities(config({ gracefulRestart: 'off' }), false).gracefulRestart).toBeUndefined();
    expect(localCapabilities(config({ capabilities: false }), false)).toEqual(noCapabilities());
  });

  it('survives anything as a body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 200 }), fc.boolean(), (noise, extended) => {
        const head = extended ? '04 fde8 005a 0a000002 ff ff' : '04 fde8 005a 0a000002';
        const open = decode(new Uint8Array(Buffer.concat([hex(head), noise])));
        if (isBgpError(open)) expect(open.code).toBe(2);
        else formatCapabilities(open.capabilities);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives any capabilities', () => {
    const capability = fc
      .tuple(fc.constantFrom(1, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73, 200), fc.uint8Array({ maxLength: 20 }))
      .map(([code, value]) => [code, value.length, ...value]);
    fc.assert(
      fc.property(fc.array(capability, { maxLength: 8 }), (list) => {
        const caps = list.flat();
        const bytes = [4, 0xfd, 0xe8, 0, 90, 10, 0, 0, 2, caps.length + 2, 2, caps.length, ...caps];
        const open = decode(Uint8Array.from(bytes));
        if (isBgpError(open)) expect(open).toMatchObject({ code: 2, subcode: 0 });
        else negotiate(config(), localCapabilities(config(), false), open);
      }),
      { numRuns: 1000 },
    );
  });
});

function remote(options: Partial<OpenMessage> = {}, caps: Partial<Capabilities> = {}): OpenMessage {
  const capabilities = { ...localCapabilities(config(), false), ...caps };
  return { version: 4, as2: 65000, holdTimeS: 90, routerId: 0x0a000002, capabilities, ...options };
}

function agree(local: SessionConfig, open: OpenMessage): Negotiated | BgpError {
  return negotiate(local, localCapabilities(local, false), open);
}

function agreed(local: SessionConfig, open: OpenMessage): Negotiated {
  const answer = agree(local, open);
  if (isBgpError(answer)) throw new Error(`Refused: ${answer.code}.${answer.subcode}`);
  return answer;
}

/** Requires one capability. */
function requiring(name: keyof RequiredCapabilities): Partial<SessionConfig> {
  const none = {
    routeRefresh: false,
    enhancedRouteRefresh: false,
    as4: false,
    extendedMessages: false,
    hostname: false,
    longLivedGracefulRestart: false,
    gracefulRestart: false,
  };
  return { require: { ...none, [name]: true } };
}

/** An OPEN of a neighbour with graceful restart of both kinds. */
function restartingIn(restartTimeS: number): OpenMessage {
  const gracefulRestart = { restartTimeS, restarting: false };
  return remote({}, { gracefulRestart, longLivedGracefulRestart: true });
}

function restart(restartTimeS: number): Partial<Negotiated> {
  return { gracefulRestart: { restartTimeS, restarting: false } };
}

const SILENT = { capabilities: noCapabilities() };

describe('what two OPENs agree on', () => {
  it.each<[string, Partial<SessionConfig>, OpenMessage, number, string]>([
    ['another AS', {}, remote({}, { as4: 65001 }), 2, '0000fde9'],
    ['another AS of two octets', {}, remote({ as2: 65001, ...SILENT }), 2, 'fde9'],
    ['AS 0', { remoteAs: 'any' }, remote({}, { as4: 0 }), 2, '00000000'],
    [
      'an internal neighbour that is external',
      { remoteAs: 'internal' },
      remote({}, { as4: 1 }),
      2,
      '00000001',
    ],
    ['an external neighbour that is internal', { remoteAs: 'external' }, remote(), 2, '0000fde8'],
    ['a hold time of 1', {}, remote({ holdTimeS: 1 }), 6, '0001'],
    ['a hold time of 2', {}, remote({ holdTimeS: 2 }), 6, '0002'],
    ['identifier 0', {}, remote({ routerId: 0 }), 3, '00000000'],
    ['our own identifier within the AS', {}, remote({ routerId: 0xc0000201 }), 3, 'c0000201'],
    [
      'no family in common',
      { families: [familyConfig(1)] },
      remote({}, { families: [] }),
      7,
      '0104 00020001',
    ],
    ['no capabilities for IPv6 alone', { families: [familyConfig(1)] }, remote(SILENT), 7, '0104 00020001'],
    [
      'a mandatory family that is missing',
      { families: [familyConfig(0), familyConfig(1, { mandatory: true })] },
      remote(SILENT),
      7,
      '0104 00020001',
    ],
    ['a hold time under our minimum', { minHoldTimeS: 91 }, remote(), 6, '005a'],
    ['no hold time where we have a minimum', { minHoldTimeS: 3 }, remote({ holdTimeS: 0 }), 6, '0000'],
    ['a keepalive time under our minimum', { minKeepaliveTimeS: 31 }, remote(), 6, '005a'],
    ['no route refresh', requiring('routeRefresh'), remote(SILENT), 7, '0200'],
    ['no enhanced route refresh', requiring('enhancedRouteRefresh'), remote(SILENT), 7, '4600'],
    ['no 4-octet AS numbers', requiring('as4'), remote(SILENT), 7, '4104 0000fde8'],
    ['no extended messages', requiring('extendedMessages'), remote(SILENT), 7, '0600'],
    ['no hostname', requiring('hostname'), remote(SILENT), 7, '4902 0000'],
    ['no graceful restart', requiring('gracefulRestart'), remote(SILENT), 7, '4002 0000'],
    ['no long-lived graceful restart', requiring('longLivedGracefulRestart'), remote(SILENT), 7, '4700'],
    ['no role where one is required', { role: ROLE.peer, requireRole: true }, remote(), 11, ''],
    ['roles that differ', {}, remote({}, { role: 255 }), 11, ''],
    [
      'no IPv6 next hops',
      { families: [familyConfig(0, { extendedNextHop: true, requireExtendedNextHop: true })] },
      remote(),
      7,
      '0506 0001 0001 0002',
    ],
    [
      'no paths to receive',
      { families: [familyConfig(0, { addPathReceive: true, requireAddPath: true })] },
      remote(),
      7,
      '4504 0001 01 02',
    ],
    [
      'no taste for our paths',
      { families: [familyConfig(0, { addPathSend: true, requireAddPath: true })] },
      remote(),
      7,
      '4504 0001 01 01',
    ],
  ])('refuses %s', (_name, options, open, subcode, data) => {
    expect(agree(config(options), open)).toEqual({ code: 2, subcode, data: hex(data) });
  });

  it.each<[string, Partial<SessionConfig>, OpenMessage, Partial<Negotiated>]>([
    ['the shorter hold time', {}, remote(), { holdTimeS: 90, keepaliveTimeS: 30 }],
    ['our hold time where shorter', { holdTimeS: 9 }, remote(), { holdTimeS: 9, keepaliveTimeS: 3 }],
    ['the restart time within our bounds', { maxRestartTimeS: 50 }, restartingIn(90), restart(50)],
    ['the restart time above our minimum', { minRestartTimeS: 99 }, restartingIn(90), restart(99)],
    ['a neighbour that knows long-lived routes', {}, restartingIn(9), { longLivedAware: true }],
    ['no role where none is required', { role: ROLE.peer }, remote(), { internal: true }],
    ['what is just enough', { minHoldTimeS: 90, minKeepaliveTimeS: 30 }, remote(), { holdTimeS: 90 }],
    ['capabilities that are there', requiring('as4'), remote(), { as4: true }],
    ['no hold time at all', {}, remote({ holdTimeS: 0 }), { holdTimeS: 0, keepaliveTimeS: 0 }],
    ['the configured share for keepalives', { keepaliveTimeS: 60 }, remote(), { keepaliveTimeS: 22 }],
    [
      'a keepalive every second at least',
      { holdTimeS: 3, keepaliveTimeS: 1 },
      remote(),
      { keepaliveTimeS: 1 },
    ],
    ['4-octet AS numbers', {}, remote(), { as4: true, internal: true, remoteAs: 65000 }],
    [
      'the AS of the capability',
      { remoteAs: 'any' },
      remote({ as2: 23456 }, { as4: 4_200_000_000 }),
      { remoteAs: 4_200_000_000, internal: false },
    ],
    ['2-octet AS numbers with an old speaker', {}, remote(SILENT), { as4: false, routeRefresh: false }],
    [
      'our own identifier in another AS (RFC 6286)',
      { remoteAs: 'any' },
      remote({ routerId: 0xc0000201 }, { as4: 7 }),
      { remoteAs: 7 },
    ],
    [
      'long messages if both can',
      { extendedMessages: true },
      remote({}, { extendedMessages: true }),
      { maxSendLength: 65535, maxReceiveLength: 65535 },
    ],
    [
      'short messages if one cannot',
      {},
      remote({}, { extendedMessages: true }),
      { maxSendLength: 4096, maxReceiveLength: 4096 },
    ],
    [
      'nothing the neighbour says if we say nothing',
      { capabilities: false },
      remote(),
      { as4: false, routeRefresh: false, families: [expect.objectContaining({ family: 0 }) as never] },
    ],
  ])('takes %s', (_name, options, open, expected) => {
    expect(agreed(config(options), open)).toMatchObject(expected);
  });

  it('joins the options of a family from both sides', () => {
    const offers = (options: Partial<Parameters<typeof familyConfig>[1]>): SessionConfig =>
      config({ gracefulRestart: 'on', families: [familyConfig(0, options)] });
    const theirs = localCapabilities(
      offers({ addPathSend: true, extendedNextHop: true, gracefulRestart: true, forwardingPreserved: true }),
      true,
    );
    const open = remote({ capabilities: theirs });
    expect(
      agreed(offers({ addPathReceive: true, addPathSend: true, extendedNextHop: true }), open).families,
    ).toEqual([
      {
        family: 0,
        addPathReceive: true,
        addPathSend: false,
        extendedNextHop: true,
        gracefulRestart: true,
        forwardingPreserved: true,
      },
    ]);
    expect(agreed(config({ gracefulRestart: 'off' }), open).families).toMatchObject([
      { gracefulRestart: false },
    ]);
    expect(agreed(config(), open).gracefulRestart).toEqual({ restartTimeS: 120, restarting: true });
  });
});

/** RFC 9234 section 4.2, table 2. */
describe('roles', () => {
  const roles = Object.entries(ROLE);
  const allowed = [
    'provider customer',
    'customer provider',
    'rsServer rsClient',
    'rsClient rsServer',
    'peer peer',
  ];
  it.each(
    roles.flatMap(([own, role]) => roles.map(([other, theirs]) => [own, other, role, theirs] as const)),
  )('%s with %s', (own, other, role, theirs) => {
    const answer = agree(config({ role }), remote({}, { role: theirs }));
    if (allowed.includes(`${own} ${other}`)) expect(isBgpError(answer)).toBe(false);
    else expect(answer).toEqual({ code: 2, subcode: 11, data: new Uint8Array(0) });
  });

  it('may be announced to those who have none', () => {
    expect(isBgpError(agree(config({}), remote({}, { role: ROLE.peer })))).toBe(false);
  });
});

describe('long-lived graceful restart (RFC 9494)', () => {
  const family = (options: Partial<FamilyConfig>): Partial<SessionConfig> => ({
    longLived: 'on',
    families: [familyConfig(0, options)],
  });
  const keeps = (options: Partial<SessionConfig>, staleTimeS: number | undefined): unknown => {
    const open = restartingIn(9);
    const { families } = open.capabilities;
    if (staleTimeS !== undefined) families[0]!.longLived = { forwardingPreserved: true, staleTimeS };
    const { longLived, staleTimeS: kept } = agreed(config(options), open).families[0]!;
    return [longLived?.forwardingPreserved, kept];
  };

  it.each<[string, Partial<SessionConfig>, number | undefined, unknown]>([
    ['takes the stale time of the neighbour', family({}), 60, [true, 60]],
    ['at most ours', family({ maxStaleTimeS: 30 }), 60, [true, 30]],
    ['at least ours', family({ minStaleTimeS: 90 }), 60, [true, 90]],
    ['keeps nothing where the neighbour has no such thing', family({}), undefined, [undefined, undefined]],
    ['is off by itself', { families: [familyConfig(0)] }, 60, [undefined, undefined]],
    ['does its part where we only know it', { ...family({}), longLived: 'aware' }, 60, [true, 60]],
  ])('%s', (_name, options, staleTimeS, expected) => {
    expect(keeps(options, staleTimeS)).toEqual(expected);
  });

  it('is announced for families that are listed, with a time of three octets', () => {
    const options = family({ longLived: true, staleTimeS: 0x010203, forwardingPreserved: true });
    const caps = localCapabilities(config(options), true);
    const bytes = Buffer.from(encodeOpen({ ...remote(), capabilities: caps })).toString('hex');
    expect(bytes).toContain('4707' + '0001' + '01' + '80' + '010203');
    const silent = localCapabilities(config({ ...options, longLived: 'off' }), true);
    expect(silent.longLivedGracefulRestart).toBe(false);
  });
});

it('outside of its confederation a speaker announces the AS of that (RFC 5065 section 4)', () => {
  const options = config({ publicAs: 70_000 });
  const caps = localCapabilities(options, false);
  expect([caps.as4, localOpen(options, caps).as2]).toEqual([70_000, 23456]);
});
