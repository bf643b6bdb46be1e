/**
 * Programs that read the control socket, as far as their way of reading is known: each is written here anew, as small
 * as what it relies on.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_DIALECT, type SocketDialect } from './dialect.ts';
import { FakeClient, FakeDaemon } from './test-support.ts';

const CALICO: SocketDialect = { ...DEFAULT_DIALECT, version: 1, family: 0 };

/** All that a client sees: greeting, then the answer to each request. */
function talk(dialect: SocketDialect, ...requests: string[]): { greeting: string; answers: string[] } {
  const client = new FakeClient(new FakeDaemon(), dialect);
  const greeting = client.text;
  return { greeting, answers: requests.map((request) => client.ask(request)) };
}

describe('calicoctl node status', () => {
  interface Peer {
    readonly type: string;
    readonly address: string;
    readonly state: string;
    readonly since: string;
    readonly info: string;
  }

  /** Reads greeting and `show protocols` as one text, since it does not wait for the greeting. */
  function read(text: string): Peer[] {
    const peers: Peer[] = [];
    for (const line of text.split('\n').slice(0, -1)) {
      if (line.startsWith('0000')) return peers;
      if (line.startsWith('0001')) continue;
      if (line.startsWith('2002')) {
        const heading = line.slice(5).trim().split(/\s+/);
        if (heading.join(' ') !== 'name proto table state since info') throw new Error(`heading: ${line}`);
        continue;
      }
      if (!line.startsWith('1002') && !line.startsWith(' ')) throw new Error(`unexpected line: ${line}`);
      const columns = line
        .replace(/^1002-/, '')
        .trim()
        .split(/\s+/);
      if (columns.length < 6 || columns[1] !== 'BGP') continue;
      const match = /^(Global|Node|Mesh)_(.+)$/.exec(columns[0]!);
      if (!match) continue;
      const [, , , state, since] = columns as [string, string, string, string, string];
      const address = match[2]!.replaceAll('_', '.');
      peers.push({ type: match[1]!, address, state, since, info: columns.slice(5).join(' ') });
    }
    throw new Error('no end');
  }

  it('sees its peers on a socket of BIRD 1.6', () => {
    const { greeting, answers } = talk(CALICO, 'timeformat "%T"', 'show protocols');
    expect(read(greeting + answers[1]!)).toEqual([
      expect.objectContaining({ type: 'Mesh', address: '10.0.0.2', state: 'start' }),
    ]);
  });

  it('does not accept the heading of BIRD 2, which is why there are dialects', () => {
    expect(() => read(talk(DEFAULT_DIALECT, 'show protocols').answers[0]!)).toThrow('heading');
  });
});

describe('the node status of Calico', () => {
  it('finds what it looks for in show status and show protocols all', () => {
    const { answers } = talk(CALICO, 'show status', 'show protocols all node1', 'show route');
    const [status, protocol, routes] = answers.map((answer) =>
      answer.split('\n').map((line) => line.replace(/^(\d{4}[ -]| )/, '')),
    );
    for (const prefix of ['BIRD v', 'Router ID is ', 'Last reboot on ', 'Last reconfiguration on '])
      expect(status!.some((line) => line.startsWith(prefix))).toBe(true);
    for (const label of ['BGP state:', 'Neighbor address:'])
      expect(protocol!.some((line) => line.trim().startsWith(label))).toBe(true);
    // What is in the kernel is marked so.
    expect(routes!.filter((line) => line.includes('] *')).length).toBe(3);
  });
});

describe('bird_exporter', () => {
  /** The end is any line that starts so. */
  const END = /^[089]\d{3}/m;

  interface Protocol {
    readonly name: string;
    readonly proto: string;
    readonly up: boolean;
    description?: string;
    channels: string[];
    imported?: number;
    filtered?: number;
    exported?: number;
    preferred?: number;
    counters: Record<string, string[]>;
  }

  function read(answer: string): Protocol[] {
    const list: Protocol[] = [];
    for (const raw of answer.split('\n')) {
      const line = raw.replace(/^(\d{4}[ -]| )/, '');
      const row =
        /^(\S+)\s+(BGP|OSPF|Direct|Device|Kernel|Static|Babel|RPKI|BFD|RAdv|Pipe)\s+(\S+)\s+(up|start|down|stop|flush|wait|feed)\s+(.+?)\s{2}(.*)$/.exec(
          line,
        );
      if (row) {
        list.push({ name: row[1]!, proto: row[2]!, up: row[4] === 'up', channels: [], counters: {} });
        continue;
      }
      const current = list.at(-1);
      if (!current) continue;
      const description = /^\s+Description:\s+(.*)$/.exec(line);
      if (description) current.description = description[1]!;
      const channel = /^\s+Channel (ipv4|ipv6)$/.exec(line);
      if (channel) current.channels.push(channel[1]!);
      const routes =
        /^\s+Routes:\s+(\d+) imported, (?:(\d+) filtered, )?(\d+) exported(?:, (\d+) preferred)?$/.exec(line);
      if (routes) {
        current.imported = Number(routes[1]);
        if (routes[2] !== undefined) current.filtered = Number(routes[2]);
        current.exported = Number(routes[3]);
        current.preferred = Number(routes[4]);
      }
      const counters =
        /^\s+(Import|Export) (updates|withdraws):\s+(\d+|---)\s+(\d+|---)\s+(\d+|---)\s+(\d+|---)\s+(\d+|---)\s*$/.exec(
          line,
        );
      if (counters) current.counters[`${counters[1]} ${counters[2]}`] = counters.slice(3);
    }
    return list;
  }

  it('reads protocols with all their counters', () => {
    const [answer] = talk(DEFAULT_DIALECT, 'show protocols all').answers;
    const list = read(answer!);
    expect(list.map(({ name, proto, up }) => `${name} ${proto} ${up}`)).toEqual([
      'device1 Device true',
      'anchors Static true',
      'node1 BGP true',
      'Mesh_10_0_0_2 BGP false',
    ]);
    expect(list[2]).toMatchObject({
      description: 'node one',
      channels: ['ipv4'],
      imported: 3,
      filtered: 1,
      exported: 2,
      preferred: 3,
      counters: {
        'Import updates': ['4', '0', '1', '0', '3'],
        'Export withdraws': ['0', '---', '---', '---', '0'],
      },
    });
  });

  it.each(['show protocols all', 'show status', 'show bfd sessions', 'show ospf'])(
    'finds the end of %s once, in the last line',
    (request) => {
      const [answer] = talk(DEFAULT_DIALECT, request).answers;
      const lines = answer!.trimEnd().split('\n');
      expect(lines.findIndex((line) => END.test(line))).toBe(lines.length - 1);
    },
  );
});

describe('birdwatcher', () => {
  const COUNTERS =
    /^\s+(Import|Export) (updates|withdraws):\s+([\d-]+)\s+([\d-]+)\s+([\d-]+)\s+([\d-]+)\s+([\d-]+)$/;

  it('reads routes, attributes and counts', () => {
    const { answers } = talk(
      DEFAULT_DIALECT,
      'restrict',
      'show route all table master4',
      'show route count',
      'show protocols all',
    );
    const lines = answers[1]!.split('\n').map((line) => line.replace(/^(\d{4}[ -]| )/, ''));
    const heads = lines.filter((line) => /^[0-9a-f.:/]+\s+(unicast|blackhole) \[\S+ .*\]/.test(line));
    expect(heads).toHaveLength(3);
    const names = new Set(lines.flatMap((line) => /^\t(?:bgp[._])([\w-]+):/i.exec(line)?.[1] ?? []));
    expect([...names]).toEqual(
      expect.arrayContaining(['origin', 'as_path', 'next_hop', 'local_pref', 'community']),
    );
    expect(answers[2]).toMatch(/^1007-(\d+) of (\d+) routes for (\d+) networks/m);
    expect(answers[3]!.split('\n').filter((line) => COUNTERS.test(line))).toHaveLength(8);
  });
});

describe('bird-lg-go', () => {
  it('has its restriction in one line, and protocols in rows', () => {
    const { greeting, answers } = talk(
      DEFAULT_DIALECT,
      'restrict',
      'show protocols',
      'show route all table master4',
    );
    expect(greeting.split('\n')).toHaveLength(2);
    expect(answers[0]).toMatch(/^\S.*Access restricted\n$/);
    const rows = answers[1]!
      .split('\n')
      .map((line) => /^(?:1002-| )?([\w-]+)\s+(\w+)\s+(\S+)\s+(up|start|down)\s+(.+?)\s{2}(.*)$/.exec(line))
      .filter((match) => match !== null);
    expect(rows.map((match) => match[1])).toEqual(['device1', 'anchors', 'node1', 'Mesh_10_0_0_2']);
    for (const answer of answers) {
      const lines = answer.trimEnd().split('\n');
      expect(lines.findIndex((line) => /^[089]\d{3}/.test(line))).toBe(lines.length - 1);
      for (const line of lines) expect(line.length).toBeLessThan(1024);
    }
    expect(answers[2]).toMatch(/^ \tvia 10\.0\.0\.1 on eth0$/m);
  });
});
