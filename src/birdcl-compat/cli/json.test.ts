import { describe, expect, it } from 'vitest';
import { ReplyReader } from '../client/replies.ts';
import { COMMAND_TABLE } from './command-table.ts';
import { DEFAULT_DIALECT } from './dialect.ts';
import { FakeClient, FakeDaemon, prefixOf } from './test-support.ts';

interface Answered {
  readonly values: unknown[];
  readonly code: number;
  readonly text: string;
}

function ask(request: string, daemon = new FakeDaemon(), version: 1 | 2 | 3 = 2): Answered {
  const text = new FakeClient(daemon, { ...DEFAULT_DIALECT, version }).ask(request);
  let part = '';
  const values: unknown[] = [];
  let code = 0;
  for (const line of new ReplyReader(false).read(text)) {
    code = line.code;
    if (code === 1901) part += line.show!;
    if (code === 1900) {
      values.push(JSON.parse(part + line.show!));
      part = '';
    }
  }
  return { values, code, text };
}

describe('json before a command', () => {
  it('has an answer for every command that shows something', () => {
    const shows = COMMAND_TABLE.filter(({ words }) => words.startsWith('show '));
    expect(shows.length).toBeGreaterThan(10);
    for (const { words, versions } of shows) {
      const { text } = ask(`json ${words}`, new FakeDaemon(), versions[0] === 1 ? 1 : 2);
      expect(`${words}: ${text}`).not.toContain('has no answer in JSON');
    }
  });

  it('shows the status', () => {
    const [status] = ask('json show status').values;
    expect(status).toEqual({
      version: '2.0.12',
      router_id: '192.0.2.1',
      hostname: 'rr1',
      time: new Date(2026, 0, 2, 3, 4, 6, 678).toISOString(),
      started: new Date(2026, 0, 2, 3, 4, 5, 678).toISOString(),
      configured: new Date(2026, 0, 2, 3, 4, 5, 678).toISOString(),
      state: 'up',
    });
  });

  it('shows protocols, a line each, and everything about them with all', () => {
    const short = ask('json show protocols').values;
    expect(short).toHaveLength(4);
    expect(short[2]).toMatchObject({
      name: 'node1',
      kind: 'bgp',
      state: 'up',
      bgp: { state: 'Established', neighbor_address: '10.0.0.1', neighbor_as: 64512, local_as: 64512 },
    });
    expect(short[2]).not.toHaveProperty('channels');
    const [long] = ask('json show protocols all node1').values;
    expect(long).toMatchObject({
      description: 'node one',
      bgp: { session: { neighbor_id: '10.0.0.1', hold_timer: { remains_s: 74.5, of_s: 90 } } },
      channels: [
        {
          name: 'ipv4',
          table: 'master4',
          imported: 3,
          import_limit: { limit: 1000, action: 'block', hit: false },
        },
      ],
    });
  });

  it('shows routes with their attributes', () => {
    const { values } = ask('json show route 10.65.1.0/24 all');
    expect(values).toHaveLength(2);
    expect(values[0]).toMatchObject({
      table: 'master4',
      prefix: '10.65.1.0/24',
      protocol: 'node1',
      source: 'bgp',
      from: '10.0.0.9',
      next_hops: [{ address: '10.0.0.1', interface: 'eth0' }],
      primary: true,
      igp_metric: 5,
    });
    const { attributes } = values[0] as { attributes: Record<string, unknown> };
    expect(attributes['origin']).toBe('igp');
    expect(attributes['as_path']).toEqual(expect.arrayContaining([expect.any(Number)]));
    expect(ask('json show route 10.65.1.0/24').values[0]).not.toHaveProperty('attributes');
  });

  it('counts', () => {
    expect(ask('json show route count').values).toContainEqual({
      table: 'master4',
      shown: 6,
      routes: 6,
      networks: 3,
    });
    const stats = ask('json show route table master4 primary stats').values;
    expect(stats.at(-1)).toMatchObject({ table: 'master4', routes: 6, networks: 3 });
    expect(stats.length).toBeGreaterThan(1);
  });

  it('explains', () => {
    expect(ask('json show route 10.65.1.0/24 export node1 explain').values).toMatchObject([
      {
        prefix: '10.65.1.0/24',
        best: { protocol: 'node1' },
        others: [{ reason: 'higher preference' }],
        exports: [
          {
            sent: false,
            gates: [
              { name: 'best_path', result: 'passed' },
              { name: 'export_filter', result: 'stopped' },
            ],
          },
        ],
      },
    ]);
  });

  it('shows memory and symbols', () => {
    expect(ask('json show memory').values[0]).toEqual({
      name: 'routing_tables',
      effective_bytes: 5000,
      overhead_bytes: 123_456,
    });
    expect(ask('json show symbols protocol').values).toContainEqual({ name: 'node1', class: 'protocol' });
    expect(ask('json show symbols nothing').values).toEqual([{ name: 'nothing', class: 'undefined' }]);
  });

  it.each([
    ['json show route 10.99.0.0/16', 8001, 'Network not found'],
    ['json show protocols "none*"', 8003, 'No protocols match'],
    ['json show bfd sessions', 9001, 'There is no BFD protocol running'],
    ['json down', 9001, "Only 'show' commands have answers in JSON"],
    ['json show status now', 9001, 'syntax error'],
  ])('%s fails as without', (request, code, text) => {
    const daemon = new FakeDaemon();
    const answer = ask(request, daemon);
    expect(answer).toMatchObject({ code, values: [] });
    expect(answer.text).toContain(text);
    expect(daemon.log).toEqual([]);
  });

  it('goes on in the next line where an object is long, and no line is too long for a client', () => {
    const daemon = new FakeDaemon();
    const description = `${'x'.repeat(1291)}${'\u{1f431}'.repeat(2000)}`;
    daemon.protocols = () => [{ name: 'a', kind: 'BGP', state: 'up', sinceMs: 0, description, channels: [] }];
    const { values, text } = ask('json show protocols all', daemon);
    expect(values).toMatchObject([{ description }]);
    for (const line of text.split('\n')) expect(Buffer.byteLength(line)).toBeLessThan(4096);
    expect(Buffer.from(text).toString()).not.toContain('\ufffd');
  });

  it('is made as the client reads', () => {
    const daemon = new FakeDaemon(
      Array.from({ length: 20_000 }, (_, i) => prefixOf(`10.${i >> 8}.${i & 255}.0/24`)),
    );
    const client = new FakeClient(daemon);
    client.full = true;
    client.session.received('json show route\n');
    while (client.turn());
    expect(daemon.walked).toBeLessThan(2000);
  });
});
