import { describe, expect, it } from 'vitest';
import { completions, expandCommand, helpLines } from './completion.ts';
import { COMMAND_TABLE } from './command-table.ts';

describe('abbreviations', () => {
  it.each([
    ['sh ro', 'show route'],
    ['sh pr al node1', 'show protocols all node1'],
    ['show route where net ~  [ 10.0.0.0/8 ]', 'show route where net ~  [ 10.0.0.0/8 ]'],
    ['conf ch "a  b"', 'configure check "a  b"'],
    ['gr r', 'graceful restart'],
    ['nonsense', 'nonsense'],
    ['', ''],
  ])('%s', (typed, full) => {
    expect(expandCommand(typed).line).toBe(full);
  });

  it('are refused where they mean several things', () => {
    expect(expandCommand('re all').ambiguous).toEqual(['restart', 'reload', 'restrict']);
  });

  it('know the version: ROA tables are BIRD 1.6', () => {
    expect(expandCommand('show roa', 1).spec?.words).toBe('show roa');
    expect(expandCommand('show roa', 2).spec).toBeUndefined();
  });
});

describe('completion', () => {
  const names = (kind: string): string[] => (kind === 'protocol' ? ['node1', 'node2', 'static1'] : []);
  const words = (line: string): string[] => completions(line, 2, names).map(({ text }) => text);

  it.each([
    ['show p', ['protocols']],
    ['show protocols ', ['all', 'node1', 'node2', 'static1']],
    ['show protocols all n', ['node1', 'node2']],
    ['show route exp', ['explain', 'export table', 'export', 'exported']],
    ['show route protocol ', ['node1', 'node2', 'static1']],
    ['show route table ', ['<table>']],
    ['configure c', ['check', 'confirm']],
    ['re all', []],
  ])('%s', (line, expected) => {
    expect(words(line).sort()).toEqual([...expected].sort());
  });

  it('has a line of help for every command', () => {
    for (const { words: name, help } of COMMAND_TABLE) expect(`${name}: ${help}`).toMatch(/: \S/);
    expect(helpLines('show rip').map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'show rip interfaces',
      'show rip neighbors',
    ]);
    expect(helpLines('').length).toBeGreaterThan(40);
  });
});
