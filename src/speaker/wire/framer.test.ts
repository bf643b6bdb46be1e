import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BgpError } from './errors.ts';
import { Framer } from './framer.ts';
import { HEADER_LENGTH, MESSAGE } from './iana.ts';
import { encodeKeepalive, newMessage } from './message.ts';

/** Feeds a stream cut at the given lengths; tells what came out. */
function frame(
  stream: Uint8Array,
  cuts: readonly number[] = [],
  options: { readonly maxLength?: number; readonly stopAfter?: number } = {},
): { messages: string[]; error: BgpError | undefined } {
  const messages: string[] = [];
  let error: BgpError | undefined;
  const framer = new Framer({
    message: (type, bytes, start, end) => {
      messages.push(`${type}:${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
      return messages.length !== options.stopAfter;
    },
    malformed: (cause) => (error = cause),
  });
  if (options.maxLength !== undefined) framer.maxLength = options.maxLength;
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    // The framer may keep nothing of what it was given.
    const piece = stream.slice(at, at + cut);
    framer.push(piece);
    piece.fill(0xee);
    at += cut;
    if (at >= stream.length) break;
  }
  return { messages, error };
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A message of `type` whose body is `body`. */
function message(type: number, body: Uint8Array): Uint8Array {
  const bytes = newMessage(type, body.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

function withLength(type: number, length: number): Uint8Array {
  const bytes = newMessage(type, 60);
  bytes[16] = length >>> 8;
  bytes[17] = length & 0xff;
  return bytes;
}

describe('framing', () => {
  it('hands over messages that lie in one read, in place', () => {
    const stream = join(
      encodeKeepalive(),
      message(MESSAGE.update, Uint8Array.of(1, 2, 3, 4)),
      encodeKeepalive(),
    );
    const seen: [Uint8Array, number, number][] = [];
    const framer = new Framer({
      message: (_type, bytes, start, end) => seen.push([bytes, start, end]) > 0,
      malformed: () => expect.unreachable(),
    });
    framer.push(stream);
    expect(seen.map(([, start, end]) => [start, end])).toEqual([
      [19, 19],
      [38, 42],
      [61, 61],
    ]);
    expect(seen.every(([bytes]) => bytes === stream)).toBe(true);
    expect(framer.midMessage).toBe(false);
  });

  it('does not care where the stream is cut', () => {
    const bodies = fc.array(
      fc.tuple(
        fc.constantFrom(MESSAGE.update, MESSAGE.notification),
        fc.uint8Array({ minLength: 4, maxLength: 300 }),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(50)), (messages, cuts) => {
        const stream = join(...messages.map(([type, body]) => message(type, body)));
        const expected = messages.map(([type, body]) => `${type}:${Buffer.from(body).toString('hex')}`);
        expect(frame(stream, cuts)).toEqual({ messages: expected, error: undefined });
      }),
      { numRuns: 300 },
    );
  });

  it('takes a message of 65535 bytes in small pieces once it may', () => {
    const large = message(MESSAGE.update, new Uint8Array(65535 - HEADER_LENGTH).fill(7));
    const cuts = new Array<number>(100).fill(700);
    expect(frame(join(large, encodeKeepalive()), cuts, { maxLength: 65535 })).toMatchObject({
      error: undefined,
    });
    expect(frame(join(large, encodeKeepalive()), cuts, { maxLength: 65535 }).messages.length).toBe(2);
    expect(frame(large).error).toMatchObject({ code: 1, subcode: 2 });
  });

  it('stops for good when the handler says so', () => {
    const stream = join(encodeKeepalive(), encodeKeepalive(), encodeKeepalive());
    expect(frame(stream, [], { stopAfter: 2 }).messages.length).toBe(2);
    expect(frame(stream, [5, 20, 20], { stopAfter: 1 }).messages.length).toBe(1);
  });

  it.each<[string, Uint8Array, readonly [number, number, readonly number[]], number?]>([
    [
      'a marker that is not all ones',
      message(MESSAGE.keepalive, new Uint8Array()).fill(0, 15, 16),
      [1, 1, []],
    ],
    ['a length below the header', withLength(MESSAGE.keepalive, 18), [1, 2, [0, 18]]],
    ['a length of 0', withLength(MESSAGE.update, 0), [1, 2, [0, 0]]],
    ['a length above 4096', withLength(MESSAGE.update, 4097), [1, 2, [0x10, 0x01]]],
    ['an OPEN below 29', withLength(MESSAGE.open, 28), [1, 2, [0, 28]]],
    ['an UPDATE below 23', withLength(MESSAGE.update, 22), [1, 2, [0, 22]]],
    ['a NOTIFICATION below 21', withLength(MESSAGE.notification, 20), [1, 2, [0, 20]]],
    ['a KEEPALIVE above 19', withLength(MESSAGE.keepalive, 20), [1, 2, [0, 20]]],
    ['a ROUTE-REFRESH below 23', withLength(MESSAGE.routeRefresh, 22), [1, 2, [0, 22]]],
    ['type 0', withLength(0, 19), [1, 3, [0]]],
    ['a type that nobody knows', withLength(6, 19), [1, 3, [6]]],
    ['type 255', withLength(255, 30), [1, 3, [255]]],
    // RFC 8654 section 4: extended messages are not for OPEN and KEEPALIVE.
    ['a long OPEN after RFC 8654', withLength(MESSAGE.open, 4097), [1, 2, [0x10, 0x01]], 65535],
    ['a long KEEPALIVE after RFC 8654', withLength(MESSAGE.keepalive, 4097), [1, 2, [0x10, 0x01]], 65535],
  ])('answers %s as RFC 4271 section 6.1 says', (_name, bytes, [code, subcode, data], maxLength) => {
    for (const cuts of [[], [1], [18, 1], [7, 7, 7]]) {
      const options = maxLength === undefined ? {} : { maxLength };
      const result = frame(
        join(encodeKeepalive(), bytes, encodeKeepalive()),
        [HEADER_LENGTH, ...cuts],
        options,
      );
      expect(result.error).toEqual({ code, subcode, data: Uint8Array.from(data) });
      expect(result.messages).toEqual(['4:']);
    }
  });

  it('survives anything, and reports at most one error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.boolean(),
        fc.array(fc.nat(60)),
        (noise, marked, cuts) => {
          const stream = marked ? join(new Uint8Array(16).fill(0xff), noise) : noise;
          let errors = 0;
          const framer = new Framer({ message: () => true, malformed: () => errors++ });
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            framer.push(stream.slice(at, at + cut));
            at += cut;
          }
          expect(errors).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
