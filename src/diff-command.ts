/** `catbird diff`: what changed keys would change, before they are written: lines, protocols, sessions. */
import { readFileSync } from 'node:fs';
import { diffLines } from './base/line-diff.ts';
import type { LineChange } from './base/line-diff.ts';
import { withoutSecrets } from './birdcl-compat/conf/diagnostics.ts';
import { UsageError } from './confd/options.ts';
import { keyText, shownKeys } from './confd/origin-text.ts';
import type { Snapshot } from './confd/store.ts';
import { isBelow } from './confd/store.ts';
import { describePlan, planChanges } from './daemon-plan.ts';
import type { RunningProtocols } from './daemon-plan.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { messageOf } from './confd/io/processor.ts';
import type { OwnValues, Rendering, Source } from './rendering.ts';
import {
  configurationFiles,
  failuresOf,
  loadRendered,
  readSource,
  renderAll,
  reportRendered,
  runWithFlags,
} from './rendering.ts';

const HELP = `Usage: catbird diff [--set KEY=VALUE]... [--unset KEY]... [--from-file KEY=PATH]... [-c NAME]... [FLAG]...

Renders all template resources with the keys as they are, and as they would be, and prints how the texts differ, which keys
the lines come from, and what becomes of each protocol and its session. Writes nothing. Exits 1 where the changed
configuration is wrong, and otherwise 0.
  --set KEY=VALUE       the key with its full path gets a value
  --unset KEY           the key is removed, with all below it
  --from-file KEY=PATH  the key gets the content of a file
  -c, --config NAME     the rendered file to check, by its dest or its name; without it, bird.cfg or bird.conf, and bird6's
  --show-secrets        passwords as they are; without it, they are asterisks
What becomes of sessions is told from both configurations alone, as if all were up; a neighbour may not be able to send its
routes again, and then restarts. Other flags are those of 'catbird confd': -confdir, -backend, -node, -file, -prefix, ...
`;

const OWN = {
  set: 'value',
  unset: 'value',
  'from-file': 'value',
  config: 'value',
  c: 'value',
  'show-secrets': 'plain',
  help: 'plain',
} as const;
/** Unchanged lines around changed ones. */
const CONTEXT = 3;

export async function diffCommand(args: string[]): Promise<number> {
  return await runWithFlags(args, OWN, HELP, diff);
}

async function diff(own: OwnValues, confd: readonly string[]): Promise<number> {
  const source = await readSource(confd);
  const next = changedKeys(source, own);
  const before = await renderAll(source);
  const after = await renderAll(source, next);
  const show = own.has('show-secrets') ? (line: string) => line : withoutSecrets;
  let isSame = true;
  for (const [i, rendering] of after.entries()) {
    const lines = unifiedDiff(before[i]!, rendering, show);
    if (lines.length > 0) isSame = false;
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
  if (isSame) process.stdout.write('No line changes.\n');
  const failures = failuresOf(after);
  if (failures.length > 0) throw new Error(failures.join('\n'));
  return comparePlans(before, after, own);
}

/** The snapshot with the changes that the command line asks for. Their revision is the next one. */
function changedKeys({ snapshot, resources }: Source, own: ReadonlyMap<string, readonly string[]>): Snapshot {
  const entries = new Map(snapshot.entries);
  const revision = snapshot.revision + 1n;
  const parted = (text: string, flag: string): [key: string, rest: string] => {
    const at = text.indexOf('=');
    if (at < 0) throw new UsageError(`--${flag} is to be KEY=…, not '${text}'`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
  const known = (key: string): string => {
    if (!key.startsWith('/')) throw new UsageError(`a key is a full path from the root, not '${key}'`);
    if (!resources.some(({ paths }) => paths.some((path) => isBelow(key, path) || isBelow(path, key))))
      process.stderr.write(`catbird: no template resource reads ${key}\n`);
    return key;
  };
  for (const key of own.get('unset') ?? []) {
    const gone = [...entries.keys()].filter((one) => isBelow(one, known(key)));
    if (gone.length === 0) process.stderr.write(`catbird: there is no key ${key}\n`);
    for (const one of gone) entries.delete(one);
  }
  for (const text of own.get('set') ?? []) {
    const [key, value] = parted(text, 'set');
    entries.set(known(key), { value, revision });
  }
  for (const text of own.get('from-file') ?? []) {
    const [key, path] = parted(text, 'from-file');
    entries.set(known(key), { value: readFileSync(path, 'utf8'), revision });
  }
  return { revision, entries };
}

function unifiedDiff(before: Rendering, after: Rendering, show: (line: string) => string): string[] {
  const linesOf = ({ provenance: { text, lines } }: Rendering): string[] => text.split('\n').slice(0, lines);
  const a = linesOf(before);
  const b = linesOf(after);
  const changes = diffLines(a, b);
  const out: string[] = [];
  for (const hunk of hunks(changes)) {
    const first = hunk[0]!;
    const countA = hunk.filter(({ kind }) => kind !== 'added').length;
    const countB = hunk.filter(({ kind }) => kind !== 'removed').length;
    const from = (at: number, count: number): string => `${count === 0 ? at : at + 1},${count}`;
    out.push(`@@ -${from(first.a, countA)} +${from(first.b, countB)} @@`);
    const keys = new Set<string>();
    for (const { kind, a: i, b: j } of hunk) {
      if (kind === 'same') out.push(` ${show(a[i]!)}`);
      else {
        const isRemoved = kind === 'removed';
        out.push(`${isRemoved ? '-' : '+'}${show(isRemoved ? a[i]! : b[j]!)}`);
        const origin = (isRemoved ? before : after).provenance.originOf((isRemoved ? i : j) + 1);
        if (origin) for (const key of shownKeys(origin)) keys.add(`${isRemoved ? '-' : '+'} ${keyText(key)}`);
      }
    }
    out.push(...[...keys].map((key) => `#   ${key}`));
  }
  return out.length > 0
    ? [`--- ${before.resource.dest}`, `+++ ${after.resource.dest} (changed)`, ...out]
    : [];
}

/** Changes with some lines around them; those that are near each other together. */
function hunks(changes: readonly LineChange[]): LineChange[][] {
  const found: LineChange[][] = [];
  let last = -Infinity;
  changes.forEach(({ kind }, i) => {
    if (kind === 'same') return;
    const from = Math.max(0, i - CONTEXT, last + 1);
    const joined = found.at(-1);
    if (joined && i - CONTEXT <= last + 1) joined.push(...changes.slice(last + 1, i));
    else found.push(changes.slice(from, i));
    let end = i;
    while (end + 1 < changes.length && end - i < CONTEXT && changes[end + 1]!.kind === 'same') end++;
    found.at(-1)!.push(...changes.slice(i, end + 1));
    last = end;
  });
  return found;
}

/** Prints what the changed configuration does to protocols. Returns the exit code. */
function comparePlans(before: readonly Rendering[], after: readonly Rendering[], own: OwnValues): number {
  let paths: readonly string[];
  try {
    paths = configurationFiles(after, own);
  } catch (error) {
    process.stdout.write(`\nProtocols are not compared: ${messageOf(error)}\n`);
    return 0;
  }
  const next = loadRendered(after, paths);
  reportRendered(after, next.errors);
  if (!next.config) return 1;
  const { config } = loadRendered(before, paths);
  if (!config) {
    process.stdout.write(
      '\nProtocols are not compared: the configuration is wrong as it is, and would be good.\n',
    );
    return 0;
  }
  const plan = planChanges(config, next.config, asConfigured(config));
  process.stdout.write(`\n${describePlan(plan).join('\n')}\n`);
  return 0;
}

/** Protocols that run as their configuration has them, with all sessions up. */
function asConfigured(config: DaemonConfig): RunningProtocols {
  const disabled = new Set(config.protocols.filter((one) => one.disabled).map(({ name }) => name));
  return {
    isEnabled: (protocol) => !disabled.has(protocol),
    isUp: (protocol) => !disabled.has(protocol),
    staleTimesFit: () => true,
    canRefresh: () => true,
  };
}
