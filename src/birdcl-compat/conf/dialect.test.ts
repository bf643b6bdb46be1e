import { describe, expect, it } from 'vitest';
import type { DaemonView } from '../cli/daemon-view.ts';
import { DEFAULT_DIALECT } from '../cli/dialect.ts';
import type { Session } from '../cli/session.ts';
import { parseShowRoute } from '../cli/route-arguments.ts';
import { formatNet } from '../filter/nets.ts';
import { Cursor } from './cursor.ts';
import type { DialectChoice } from './dialect.ts';
import { formatDiagnostic, oneLine } from './diagnostics.ts';
import { Tokens } from './lexer.ts';
import { loadFiles, loadText } from './load.ts';
import type { LoadResult } from './load.ts';
import type { BgpProtocolConfig, DaemonConfig } from './lowered.ts';
import { ACCEPTED } from './samples.ts';
import { NODE, SAMPLES_1 } from './samples1.ts';
import { filesOf, HOST } from './test-support.ts';

function load1(text: string, choice: DialectChoice = {}, path = 'bird.conf'): LoadResult {
  return loadText(path, text, filesOf({}), HOST, choice);
}

function config(result: LoadResult): DaemonConfig {
  expect(result.errors.map(formatDiagnostic)).toEqual([]);
  return result.config!;
}

function bgp({ protocols }: DaemonConfig, name: string): BgpProtocolConfig {
  const found = protocols.find((protocol) => protocol.name === name);
  if (found?.kind !== 'bgp') throw new Error(`no BGP protocol ${name}`);
  return found;
}

describe('BIRD 1.6', () => {
  it.each(SAMPLES_1)('$name', ({ text, family, error }) => {
    const [first] = load1(text, { version: 1, family }).errors;
    expect(first ? oneLine(first) : 'OK').toBe(error ?? 'OK');
  });

  it('has its ROA tables filled for filters', () => {
    const text = 'router id 1.2.3.4;\nroa table r { roa 10.0.0.0/8 max 24 as 65000; }\nprotocol device { }\n';
    const symbol = config(load1(text, { version: 1, family: 0 })).symbols.get('r');
    const entries = symbol?.kind === 'table' ? [...(symbol.table.lookup ?? [])] : [];
    expect(entries.map(({ net }) => formatNet(net))).toEqual(['10.0.0.0/8-24 AS65000']);
  });

  it('has one channel in each protocol, of the family of the daemon', () => {
    const node = bgp(config(load1(NODE)), 'Node_1');
    expect(node).toMatchObject({ localPort: 1790, rrClient: true, internal: true });
    expect(node.channels).toHaveLength(1);
    expect(node.channels[0]).toMatchObject({
      name: 'ipv4',
      table: 'master4',
      nextHopSelf: 'all',
      nextHopKeep: 'no',
      addPathReceive: true,
      addPathSend: true,
      gateway: 'recursive',
    });
  });

  it("calls the table of its family 'master', in 'show route' too", () => {
    const tokens = new Tokens();
    tokens.addFile('', 'table master', undefined);
    const view = { config: config(load1(NODE)) } as DaemonView;
    const session = { view, dialect: DEFAULT_DIALECT } as Session;
    const { queries } = parseShowRoute(new Cursor(tokens), session);
    expect(queries.map(({ table }) => table)).toEqual(['master4']);
  });

  it('takes all and sends nothing where a session says nothing', () => {
    const [channel] = bgp(config(load1(NODE)), 'Edge').channels;
    expect(channel!.importFilter.name).toBe('ACCEPT');
    expect(channel!.exportFilter.name).toBe('REJECT');
    expect(channel).toMatchObject({
      table: 'other',
      preference: 90,
      nextHopKeep: 'all',
      importLimit: { limit: 100, action: 'restart' },
    });
  });

  it('listens at an address that is also the source of a session, and says what it does with others', () => {
    const text = `listen bgp address 192.0.2.1;\n${NODE.replace('listen bgp port 1790;', '')}`;
    const result = load1(text);
    expect(bgp(config(result), 'Edge').strictBind).toBe(true);
    expect(bgp(config(result), 'Node_1').strictBind).toBe(true);
    expect(oneLine(result.warnings[0]!)).toContain("bird.conf:1:1 warning: 'listen bgp address' counts for");
  });
});

describe('the dialect is recognised', () => {
  it.each(ACCEPTED)('as BIRD 2 of $name', ({ text }) => {
    expect(load1(text).dialect).toEqual({ version: 2 });
  });

  it.each(SAMPLES_1.filter(({ error, ambiguous }) => error === undefined && !ambiguous))(
    'as BIRD 1 of $name',
    ({ text, family }) => {
      expect(load1(text).dialect).toEqual({ version: 1, family });
    },
  );

  it('as bird6 by the name of a file without addresses', () => {
    const text = 'router id 1.2.3.4;\nprotocol kernel { import all; }\n';
    expect(load1(text, {}, '/etc/bird/bird6.conf').dialect).toEqual({ version: 1, family: 1 });
    expect(load1(text, {}, '/etc/bird6/bird.conf').dialect).toEqual({ version: 1, family: 0 });
  });

  it('and a syntax error says which it is', () => {
    const text = `${NODE}protocol bgp x { ipv4; }\n`;
    expect(load1(text).errors[0]!.hint).toContain('read as BIRD 1.6');
    expect(load1(text, { version: 1 }).errors[0]!.hint).toBeUndefined();
  });

  it('unless it is said', () => {
    const text = 'router id 1.2.3.4;\nprotocol device { }\n';
    expect(load1(text).dialect).toEqual({ version: 2 });
    expect(load1(text, { version: 1 }).dialect).toEqual({ version: 1, family: 0 });
    expect(load1(text, { version: 1, family: 1 }).dialect).toEqual({ version: 1, family: 1 });
  });
});

describe('a pair of files', () => {
  const files = filesOf({
    'bird.cfg': NODE,
    'bird6.cfg': `log stderr all;\nrouter id 192.0.2.1;\nprotocol device { }\nprotocol kernel { export all; }\nprotocol bgp Edge {\n  local as 64512;\n  neighbor 2001:db8::9 as 65001;\n  export all;\n}\nfilter pools { accept; }\n`,
  });

  it('makes one configuration, in which names that clash get a number', () => {
    const result = loadFiles(['bird.cfg', 'bird6.cfg'], files, HOST);
    const merged = config(result);
    expect(merged.protocols.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'device device1',
      'kernel kernel1',
      'direct direct1',
      'static static1',
      'bgp Node_1',
      'bgp Edge',
      'device device1_2',
      'kernel kernel1_2',
      'bgp Edge_2',
    ]);
    const edge = bgp(merged, 'Edge_2');
    expect(edge.session).toMatchObject({ kind: 'single', config: { name: 'Edge_2' } });
    expect(edge.channels.map(({ name, table }) => `${name} ${table}`)).toEqual(['ipv6 master6']);
    expect(merged.tables.map(({ name }) => name)).toEqual(['master4', 'master6', 'other']);
    expect(merged.symbols.get('pools_2')?.kind).toBe('filter');
    expect(merged.log).toHaveLength(1);
    expect(result.warnings.map(({ message }) => message)).toContain(
      "protocol 'Edge' of bird6.cfg is called 'Edge_2' here",
    );
  });

  it('has places in both files', () => {
    const broken = filesOf({ 'a.conf': NODE, 'b.conf': 'router id 1.2.3.4;\nprotocol bgp { import al; }\n' });
    const { errors } = loadFiles(['a.conf', 'b.conf'], broken, HOST);
    expect(oneLine(errors[0]!)).toContain("b.conf:2:23 syntax error, unexpected 'al'");
  });

  it('needs both files', () => {
    const { errors } = loadFiles(['bird.cfg', 'none.cfg'], files, HOST);
    expect(oneLine(errors[0]!)).toContain('Unable to open configuration file none.cfg');
  });
});
