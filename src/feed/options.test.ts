import { describe, expect, it } from 'vitest';
import { formatIp, formatIpv4 } from '../base/ip.ts';
import { feedOptions, sessionConfig, type FeedArguments, type FeedOptions } from './options.ts';
import { FeedError } from './source.ts';

const SPARE = 0xc0000263;

function options(values: FeedArguments): FeedOptions {
  return feedOptions({ to: '127.0.0.1:1790', as: '65000', routes: '1000', ...values }, SPARE);
}

describe('options of feed', () => {
  it('have defaults', () => {
    const result = options({});
    expect(result).toMatchObject({
      to: { port: 1790 },
      remoteAs: 65000,
      localAs: 65000,
      routerId: SPARE,
      routes: { madeUp: { routes: 1000, sets: 167, seed: 1, family: { name: 'ipv4' } } },
      flaps: 0,
      once: false,
      withdraw: false,
      json: false,
    });
    expect(result.rate).toBeUndefined();
  });

  it.each([
    ['192.0.2.1', '192.0.2.1', 179, undefined],
    ['192.0.2.1:1790', '192.0.2.1', 1790, undefined],
    ['2001:db8::1', '2001:db8::1', 179, undefined],
    ['[2001:db8::1]:1790', '2001:db8::1', 1790, undefined],
    ['fe80::1%eth0', 'fe80::1', 179, 'eth0'],
    ['[fe80::1%eth0]:1790', 'fe80::1', 1790, 'eth0'],
  ])('--to %s', (to, address, port, zone) => {
    const result = options({ to }).to;
    expect([formatIp(result.address), result.port, result.zone]).toEqual([address, port, zone]);
  });

  it.each<[string, FeedArguments, string]>([
    ['the option', { 'router-id': '10.0.0.1', 'local-address': '192.0.2.5' }, '10.0.0.1'],
    ['the local address', { 'local-address': '127.0.0.2' }, '127.0.0.2'],
    [
      'the spare one where the neighbour may have the local address',
      { 'local-address': '127.0.0.1' },
      '192.0.2.99',
    ],
    ['the spare one for IPv6', { to: '::1', 'local-address': '::1' }, '192.0.2.99'],
  ])('router ID: %s', (_name, values, id) => {
    expect(formatIpv4(options(values).routerId)).toBe(id);
  });

  it.each<[FeedArguments, number]>([
    [{ sets: '10' }, 10],
    [{ per: '1' }, 1000],
    [{ per: '300' }, 4],
  ])('attribute sets of %j: %i', (values, sets) => {
    expect(options(values).routes).toMatchObject({ madeUp: { sets } });
  });

  it.each<[FeedArguments, RegExp]>([
    [{ to: undefined }, /^--to ADDRESS\[:PORT\] is missing$/],
    [{ to: 'localhost' }, /^--to takes ADDRESS/],
    [{ to: '1.2.3.4:99999' }, /port in --to/],
    [{ as: undefined }, /^--as NUMBER is missing$/],
    [{ as: '0' }, /^--as takes a whole number from 1 to 4294967295, not '0'$/],
    [{ as: '4294967296' }, /^--as takes/],
    [{ 'local-as': 'x' }, /^--local-as takes/],
    [{ 'local-address': '::1' }, /different families/],
    [{ 'router-id': '0.0.0.0' }, /^--router-id/],
    [{ password: '' }, /^--password/],
    [{ password: 'x'.repeat(81) }, /^--password/],
    [{ routes: undefined }, /^--routes NUMBER or --mrt FILE is missing$/],
    [{ routes: '1.5' }, /^--routes takes/],
    [{ routes: '99999999' }, /^--routes takes a whole number from 1 to 14483456,/],
    [{ sets: '1001' }, /^--sets takes a whole number from 1 to 1000,/],
    [{ sets: '2', per: '3' }, /^--sets and --per/],
    [{ peer: '192.0.2.1' }, /^--peer .* needs --mrt$/],
    [{ mrt: 'x' }, /^--routes is about made-up routes/],
    [{ routes: undefined, mrt: 'x', ipv6: true }, /^--ipv6 is about made-up routes/],
    [{ routes: undefined, mrt: '-', flap: '1' }, /^--flap needs a file/],
    [{ 'next-hop': 'self' }, /^--next-hop takes an IP address, not 'self'$/],
    [{ rate: '0' }, /^--rate takes/],
    [{ flap: '-1' }, /^--flap takes/],
  ])('%j is refused', (values, text) => {
    expect(() => options(values)).toThrow(FeedError);
    expect(() => options(values)).toThrow(text);
  });

  it('make a session that only this side opens, and that gives up after an error', () => {
    const config = sessionConfig(options({ password: 'secret', 'local-as': '65001' }), [
      { family: 1, addPathSend: true, extendedNextHop: false },
    ]);
    expect(config).toMatchObject({
      localAs: 65001,
      remoteAs: 65000,
      remotePort: 1790,
      password: 'secret',
      disableAfterError: true,
      families: [{ family: 1, addPathSend: true, addPathReceive: false }],
    });
  });
});
