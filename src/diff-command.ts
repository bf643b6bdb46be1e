/** `catbird diff`: what changed keys would change, before they are written: lines, protocols, sessions. */
import { readFileSync } from 'node:fs';
import { withoutSecrets } from './birdcl-compat/conf/diagnostics.ts';
import { UsageError } from './confd/options.ts';
import type { Snapshot } from './confd/store.ts';
import { isBelow } from './confd/store.ts';
import { meanTheSame } from './confd/significant.ts';
import { describePlan, planChanges } from './daemon-plan.ts';
import type { ReconfigurationPlan, RunningProtocols } from './daemon-plan.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { messageOf } from './confd/io/processor.ts';
import { askDaemon, protocolRemarks, runningProtocols, sessionsByProtocol } from './running-daemon.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { outcomeLine, outcomeSummary, sessionOutcomes } from './session-outcomes.ts';
import type { SessionOutcome } from './session-outcomes.ts';
import { unifiedDiff } from './unified-diff.ts';
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

const HELP = `Usage: catbird diff [--set KEY=VALUE]... [--unset KEY]... [--from-file KEY=PATH]... [-s SOCKET] [-c NAME]... [FLAG]...

Renders all template resources with the keys as they are, and as they would be, and prints how the texts differ, which keys
the lines come from, and what becomes of each protocol and its session. Writes nothing. Exits 1 where the changed
configuration is wrong, and otherwise 0.
  --set KEY=VALUE       the key with its full path gets a value
  --unset KEY           the key is removed, with all below it
  --from-file KEY=PATH  the key gets the content of a file
  -s, --socket PATH     control socket of a running 'catbird reflector', which is asked what its sessions are now
  -c, --config NAME     the rendered file to check, by its dest or its name; without it, bird.cfg or bird.conf, and bird6's
  --json                all of it as one JSON value
  --show-secrets        passwords as they are; without it, they are asterisks
Without -s, what becomes of sessions is told from both configurations alone, as if all were up; a neighbour may not be able to
send its routes again, and then restarts. Other flags are those of 'catbird confd': -confdir, -backend, -node, -file, -prefix, ...
`;

const OWN = {
  set: 'value',
  unset: 'value',
  'from-file': 'value',
  config: 'value',
  c: 'value',
  socket: 'value',
  s: 'value',
  json: 'plain',
  'show-secrets': 'plain',
  help: 'plain',
} as const;

export async function diffCommand(args: string[]): Promise<number> {
  return await runWithFlags(args, OWN, HELP, diff);
}

async function diff(own: OwnValues, confd: readonly string[]): Promise<number> {
  const sockets = [...(own.get('socket') ?? []), ...(own.get('s') ?? [])];
  if (sockets.length > 1) throw new UsageError('one daemon is asked at a time: -s is given once');
  const source = await readSource(confd);
  const running = sockets[0] === undefined ? undefined : await askDaemon(sockets[0]);
  const next = changedKeys(source, own);
  const before = await renderAll(source);
  const after = await renderAll(source, next);
  const show = own.has('show-secrets') ? (line: string) => line : withoutSecrets;
  const texts = after
    .map((rendering, i) => ({
      dest: rendering.resource.dest,
      diff: unifiedDiff(before[i]!, rendering, show),
    }))
    .filter(({ diff: lines }) => lines.length > 0);
  if (!own.has('json')) {
    for (const { diff: lines } of texts) process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    if (texts.length === 0) process.stdout.write('No line changes.\n');
  }
  const failures = failuresOf(after);
  if (failures.length > 0) throw new Error(failures.join('\n'));
  const compared = comparePlans(before, after, own, running);
  if (own.has('json')) {
    process.stdout.write(`${JSON.stringify(jsonOf(texts, compared, running), undefined, 2)}\n`);
  } else {
    const lines = 'wrong' in compared ? [compared.wrong] : planLines(compared, running);
    if (!('wrong' in compared) || compared.code === 0) process.stdout.write(`\n${lines.join('\n')}\n`);
  }
  return compared.code;
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

/** What the changed configuration does, or why that cannot be told; with the exit code. */
type Compared =
  | { readonly code: number; readonly wrong: string }
  | {
      readonly code: 0;
      readonly plan: ReconfigurationPlan;
      /** Of a daemon that was asked. */
      readonly outcomes: readonly SessionOutcome[];
      readonly remarks: readonly string[];
    };

function comparePlans(
  before: readonly Rendering[],
  after: readonly Rendering[],
  own: OwnValues,
  running: RunningDaemon | undefined,
): Compared {
  let paths: readonly string[];
  try {
    paths = configurationFiles(after, own);
  } catch (error) {
    return { code: 0, wrong: `Protocols are not compared: ${messageOf(error)}` };
  }
  const next = loadRendered(after, paths);
  reportRendered(after, next.errors);
  if (!next.config) return { code: 1, wrong: 'The changed configuration is wrong.' };
  const { config } = loadRendered(before, paths);
  if (!config)
    return {
      code: 0,
      wrong: 'Protocols are not compared: the configuration is wrong as it is, and would be good.',
    };
  if (!running)
    return {
      code: 0,
      plan: planChanges(config, next.config, asConfigured(config)),
      outcomes: [],
      remarks: [],
    };
  const remarks = [...running.remarks, ...protocolRemarks(config, running.protocols)];
  // What was done by hand would otherwise seem to be undone by a configuration that is not taken over at all.
  const isTaken = after.some(
    ({ provenance }, i) => !meanTheSame(before[i]!.provenance.text, provenance.text),
  );
  const plan = planChanges(
    config,
    next.config,
    isTaken ? runningProtocols(config, running) : asConfigured(config),
  );
  const outcomes = sessionOutcomes(plan, sessionsByProtocol(config, running.protocols));
  return { code: 0, plan, outcomes, remarks };
}

/** What becomes of protocols; where a daemon was asked, of each session too, and how many there are of each outcome. */
function planLines(
  { plan, outcomes, remarks }: Exclude<Compared, { readonly wrong: string }>,
  running: RunningDaemon | undefined,
): string[] {
  if (!running) return describePlan(plan);
  const summary = outcomeSummary(outcomes);
  return [
    `The daemon at ${running.socket} has ${running.inForce === undefined ? 'no revision' : `revision ${running.inForce}`} in force.`,
    ...remarks.map((remark) => `  ${remark}`),
    ...describePlan(plan),
    ...outcomes.map((outcome) => `  ${outcomeLine(outcome)}`),
    ...(summary === '' ? ['No session of the daemon is touched'] : [summary]),
  ];
}

function jsonOf(
  texts: readonly { readonly dest: string; readonly diff: readonly string[] }[],
  compared: Compared,
  running: RunningDaemon | undefined,
): object {
  if ('wrong' in compared) return { texts, problem: compared.wrong };
  const { plan, outcomes, remarks } = compared;
  const protocols = Array.from(plan.changes, ([name, change]) => ({
    name,
    change,
    options: plan.options.get(name) ?? [],
  }));
  if (!running) return { texts, protocols };
  const sessions = outcomes.map(({ session, protocol, outcome }) => ({
    name: session.name,
    protocol,
    state: session.bgpState,
    enabled: session.state !== 'down',
    forSeconds: Math.floor(session.forMs / 1000),
    routes: session.routes,
    outcome,
  }));
  const daemon = { socket: running.socket, inForce: running.inForce ?? null, remarks };
  return { texts, protocols, daemon, sessions };
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
