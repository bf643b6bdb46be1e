import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bgpError } from './errors.ts';
import { HEADER_LENGTH } from './iana.ts';
import { decodeRouteRefresh, encodeRouteRefresh } from './message.ts';
import {
  ceaseWith,
  decodeNotification,
  describeNotification,
  encodeNotification,
  shutdownCommunication,
} from './notification.ts';

describe('NOTIFICATION', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 300 }), (code, subcode, data) => {
        const bytes = encodeNotification({ code, subcode, data });
        expect(decodeNotification(bytes, HEADER_LENGTH, bytes.length)).toEqual({ code, subcode, data });
        expect(describeNotification({ code, subcode, data }).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('is never longer than 4096 bytes', () => {
    expect(encodeNotification(bgpError(1, 1, new Uint8Array(5000))).length).toBe(4096);
  });

  it.each<[string, ReturnType<typeof bgpError>, string]>([
    ['no data', bgpError(4), 'Hold timer expired'],
    ['a number of two bytes', bgpError(2, 6, Uint8Array.of(0, 2)), 'Unacceptable hold time: 2'],
    ['an AS of four bytes', bgpError(2, 2, Uint8Array.of(0xfa, 0x56, 0xea, 0)), 'Bad peer AS: 4200000000'],
    ['other data', bgpError(1, 2, Uint8Array.of(0, 18)), 'Bad message length: 0012'],
    ['much data', bgpError(3, 1, new Uint8Array(40)), `Malformed attribute list: ${'00'.repeat(16)}`],
    [
      'a communication',
      ceaseWith(2, 'Wartung, zurück um 9'),
      'Administrative shutdown: "Wartung, zurück um 9"',
    ],
    ['an empty communication', bgpError(6, 4, Uint8Array.of(0)), 'Administrative reset'],
    ['control characters', ceaseWith(4, 'a\u001b[2Jb\nc'), 'Administrative reset: "a [2Jb c"'],
    ['a communication cut off', bgpError(6, 2, Uint8Array.of(9, 0x61)), 'Administrative shutdown: 0961'],
    ['an unknown code', bgpError(99, 3), 'Unknown error 99.3'],
  ])('is described with %s', (_name, error, text) => {
    expect(describeNotification(error)).toBe(text);
  });

  it('cuts a long communication between characters', () => {
    const error = ceaseWith(2, 'ü'.repeat(200));
    expect(error.data.length).toBe(255);
    expect(shutdownCommunication(error)).toBe('ü'.repeat(127));
    expect(ceaseWith(2).data.length).toBe(0);
  });
});

describe('ROUTE-REFRESH', () => {
  it.each([0, 1, 2] as const)('is read back with subtype %i', (subtype) => {
    const bytes = encodeRouteRefresh(1, subtype);
    expect(bytes.length).toBe(23);
    expect(decodeRouteRefresh(bytes, HEADER_LENGTH, 23)).toEqual({ afi: 2, safi: 1, family: 1, subtype });
  });

  it('of a wrong length is quoted whole (RFC 7313 section 5)', () => {
    const bytes = new Uint8Array(25).fill(0xff);
    expect(decodeRouteRefresh(bytes, HEADER_LENGTH, 25)).toEqual(bgpError(7, 1, bytes));
  });

  it('of an unknown family is told as such', () => {
    const bytes = encodeRouteRefresh(0, 0);
    bytes[HEADER_LENGTH + 3] = 128;
    expect(decodeRouteRefresh(bytes, HEADER_LENGTH, 23)).toMatchObject({
      afi: 1,
      safi: 128,
      family: undefined,
    });
  });
});
