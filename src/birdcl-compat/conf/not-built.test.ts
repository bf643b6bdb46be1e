import { describe, expect, it } from 'vitest';
import { formatDiagnostic, oneLine } from './diagnostics.ts';
import { NOT_BUILT, NOTICED } from './samples-not-built.ts';
import { load } from './test-support.ts';

describe('what is not built yet', () => {
  it.each(NOT_BUILT)('$name', ({ text, refused }) => {
    const { errors, config } = load(text);
    expect(config).toBeUndefined();
    expect(errors.map(oneLine).sort()).toEqual(refused.map((line) => `bird.conf:${line}`).sort());
    expect(errors.every(({ notBuilt }) => notBuilt)).toBe(true);
  });

  it('does not hide what BIRD would refuse', () => {
    const { errors } = load('protocol bgp { free bind; hold time 2; }\n');
    expect(errors.map(({ message, notBuilt }) => [message, notBuilt])).toEqual([
      ["'free bind' is not built yet", true],
      ['Hold time must be in range 3-65535 or zero', undefined],
    ]);
  });

  it.each([
    ['bfd neighbor 10.0.0.1 multihop', 'bfd { neighbor 10.0.0.1 multihop; }', 'Multihop neighbor requires'],
    ['pipe without a peer', 'pipe { table master4; }', 'Secondary routing table not specified'],
    ['pipe of two types', 'pipe { table master4; peer table master6; }', 'must have the same type'],
    ['rpki without a cache', 'rpki { }', 'IP address or hostname of cache server must be set'],
    ['rpki with two transports', 'rpki { transport tcp; transport tcp; }', 'At the most one transport'],
    ['rpki that asks too often', 'rpki { refresh 0; }', 'Minimum allowed refresh interval is 1 seconds'],
    ['mrt without a file', 'mrt { table master4; }', 'File not specified'],
    ['a table that has a kernel protocol', 'kernel { ipv4; }\nprotocol kernel { ipv4; }', 'already attached'],
    ['kernel without a channel', 'kernel { learn; }\nprotocol static { ipv4; }', 'Channel not specified'],
    [
      'client of a route server within',
      'bgp { local as 1; neighbor 10.0.0.1 as 1; rs client; }',
      'Only external',
    ],
  ])('is checked as BIRD checks it: %s', (_name, body, message) => {
    const { errors } = load(`router id 1.2.3.4;\nprotocol ${body}\n`);
    expect(errors[0]!.message).toContain(message);
    expect(errors[0]!.notBuilt).toBeUndefined();
  });
});

describe('what has no effect', () => {
  it.each(NOTICED)('is said of $name', ({ text, notices }) => {
    const { errors, warnings } = load(text);
    expect(errors.filter(({ notBuilt }) => !notBuilt).map(formatDiagnostic)).toEqual([]);
    const lines = warnings
      .map(oneLine)
      .map((line) => line.replace('bird.conf:', '').replace('warning: ', ''));
    expect(lines).toHaveLength(notices.length);
    for (const notice of notices) expect(lines).toContainEqual(expect.stringContaining(notice));
  });
});

describe('protocols that do nothing here', () => {
  it('are kept, so that they can be shown', () => {
    const { config } = load(
      'router id 1.2.3.4;\nprotocol device { }\nprotocol kernel k { ipv4; }\nprotocol direct { ipv4; }\n',
    );
    expect(config!.protocols.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'device device1',
      'kernel k',
      'direct direct1',
    ]);
  });
});
