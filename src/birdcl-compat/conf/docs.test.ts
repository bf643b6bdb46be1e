/** The manual's tables name every option and command that the program knows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_WORDS } from '../cli/commands.ts';
import { bgpChannelOptions } from './grammar/bgp-channel.ts';
import { bgp } from './grammar/bgp.ts';
import { device, direct, kernel } from './grammar/device.ts';
import { globals } from './grammar/global.ts';
import { mrt } from './grammar/mrt.ts';
import { pipe } from './grammar/pipe.ts';
import { staticChannelOptions, staticProtocol } from './grammar/static.ts';
import { tableOptions } from './grammar/table.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

/** What stands in backticks on a page, under the headings that match. */
function named(page: string, heading: RegExp): Set<string> {
  const sections = readFileSync(join(DOCS, page), 'utf8').split(/^## /m);
  const text = sections.filter((section) => heading.test(section.split('\n')[0]!)).join('\n');
  return new Set(Array.from(text.matchAll(/`([^`\n]+)`/g), (match) => match[1]!));
}

describe('docs/configuration.md names', () => {
  const protocol = '^(All protocols|Channels|';
  test.each([
    ['global options', globals, '^Global'],
    ['options of tables', tableOptions, '^Tables'],
    ['options of BGP', bgp.rules, `${protocol}BGP)`],
    ['options of BGP channels', bgpChannelOptions, '^(Channels|BGP: channel|BGP: session)'],
    ['options of static protocols', staticProtocol.rules, `${protocol}Static)`],
    ['options of static channels', staticChannelOptions, '^Channels'],
    ['options of device', device.rules, `${protocol}Device)`],
    ['options of direct', direct.rules, `${protocol}Direct)`],
    ['options of kernel', kernel.rules, `${protocol}Kernel)`],
    ['options of pipes', pipe.rules, `${protocol}Pipe)`],
    ['options of mrt', mrt.rules, `${protocol}MRT)`],
  ])('all %s', (_name, table, headings) => {
    const found = named('configuration.md', new RegExp(headings));
    expect(table.words().filter((words) => !found.has(words))).toEqual([]);
  });
});

test('docs/commands.md names all commands', () => {
  const found = named('commands.md', /Commands/);
  expect(COMMAND_WORDS.filter((words) => !found.has(words))).toEqual([]);
});

test('docs/rfcs.md points at files that exist', () => {
  const paths = Array.from(
    readFileSync(join(DOCS, 'rfcs.md'), 'utf8').matchAll(/`(src\/[^`]+)`/g),
    (m) => m[1]!,
  );
  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) expect(() => readFileSync(join(DOCS, '..', path))).not.toThrow(/ENOENT/);
});
