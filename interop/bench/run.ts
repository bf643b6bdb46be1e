/** `npm run bench`: every row with every daemon that is installed, one after the other, and a report. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ControlClient } from '../control-client.ts';
import { RepeatedQuestion } from './answers.ts';
import { controlSocket, DAEMONS, type Daemon, isInstalled, type Setup } from './daemons.ts';
import { buildPrograms, programPath, runLoad, startDaemon, stopDaemon, usage } from './processes.ts';
import { mergeRecords } from './record.ts';
import { type Measurement, chart, machine, markdown, summary } from './report.ts';
import { ASKED, ROWS, type Row, STALL_SECONDS, loadArguments } from './rows.ts';
import { updatesOf } from './recorded-feed.ts';

const HELP = `usage: npm run bench -- [options]
  --rows NAMES           rows to run, separated by commas (default: all)
  --daemons NAMES        daemons to run (default: every one installed; some rows leave GoBGP out)
  --runs N               how often each row is run; the median is reported (default 3)
  --scale N              divide prefix counts by this (default 1)
  --stall-seconds N      how long the stalled client does not read (default ${STALL_SECONDS})
  --timeout SECONDS      give up a phase after this (default 300)
  --report               write docs/benchmarks.md, .svg and .json; rows that are not run stay as they were
  --json                 print every measurement as a JSON line
  --help                 this text
rows:    ${ROWS.map((row) => row.name).join(', ')}
daemons: ${DAEMONS.map((daemon) => daemon.name).join(', ')}
`;

const ROOT = join(import.meta.dirname, '../..');
const FEED = join(ROOT, '../shared/data/mrt/as3856-full-feed.updates.mrt.gz');
const FIRST_PORT = 21790;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: string | undefined,
  what: string,
): T[] {
  if (names === undefined) return [...all];
  return names.split(',').map((name) => {
    const found = all.find((item) => item.name === name);
    if (!found)
      throw new Error(`no ${what} is called ${name}; there are ${all.map((item) => item.name).join(', ')}`);
    return found;
  });
}

/** A count from the command line. */
function count(text: string | undefined, fallback: number, option: string): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} takes a whole number from 1 on, not ${text}`);
  return value;
}

function versionOf(daemon: Daemon): string {
  try {
    const out = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', daemon.binary, ...daemon.versionArguments], {
      encoding: 'utf8',
    });
    return /\d+\.\d+(\.\d+)*/.exec(out)?.[0] ?? '';
  } catch {
    return '';
  }
}

async function measure(
  row: Row,
  daemon: Daemon,
  program: string,
  args: readonly string[],
  timeoutS: number,
): Promise<Measurement[]> {
  const directory = mkdtempSync(join(tmpdir(), `catbird-bench-${daemon.name}-`));
  const port = FIRST_PORT + DAEMONS.indexOf(daemon) * 2;
  const setup = {
    directory,
    port,
    as: Number(row.load['as'] ?? 65000),
    holdTimeS: Number(row.load['hold'] ?? 90),
    ...(row.filter ? { filter: row.filter() } : {}),
  };
  const child = startDaemon(daemon.binary, daemon.prepare(setup), join(directory, 'log'));
  const results: Measurement[] = [];
  let cpuBefore = 0;
  try {
    if (row.reads) return await measureReading(row, daemon, setup, child.pid!);
    const question = row.asks === undefined ? undefined : await openQuestion(daemon, setup, row.asks);
    await runLoad(program, [`port=${port}`, `timeout=${timeoutS}`, ...args], (line) => {
      const said = JSON.parse(line) as Record<string, unknown>;
      const used = usage(child.pid!);
      if (said['error'] !== undefined)
        results.push({ row: row.name, daemon: daemon.name, error: String(said['error']) });
      if (said['phase'] !== undefined) {
        const failed =
          Number(said['wrong']) > 0 || Number(said['lost']) > 0 || said['stalledRight'] === false;
        results.push({
          row: row.name,
          daemon: daemon.name,
          phase: String(said['phase']),
          ms: Number(said['maxMs']),
          peakBytes: used.peakBytes,
          cpuS: used.cpuS - cpuBefore,
          details: said,
          ...(failed
            ? {
                error: `${String(said['wrong'])} of ${String(said['clients'])} clients do not hold what they must`,
              }
            : {}),
        });
      }
      cpuBefore = used.cpuS;
      if (said['established'] !== undefined) question?.start();
      if (!question || said['phase'] === undefined) return;
      question.stop();
      const ms = question.reachedMs;
      const asked = { row: row.name, daemon: daemon.name, phase: ASKED };
      if (ms === undefined) results.push({ ...asked, error: `fewer than ${row.asks!.lines} lines came` });
      else results.push({ ...asked, ms, peakBytes: used.peakBytes, cpuS: 0 });
    });
  } finally {
    await stopDaemon(child);
    rmSync(directory, { recursive: true, force: true });
  }
  return results;
}

async function whenListening(daemon: Daemon, setup: Setup): Promise<void> {
  for (let tries = 0; !existsSync(controlSocket(setup)); tries++) {
    if (tries === 200) throw new Error(`${daemon.title} opened no control socket`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function openQuestion(
  daemon: Daemon,
  setup: Setup,
  { command, lines }: NonNullable<Row['asks']>,
): Promise<RepeatedQuestion> {
  await whenListening(daemon, setup);
  return new RepeatedQuestion(controlSocket(setup), command, lines);
}

/** Has the running daemon read a configuration, once for each phase; the process's own start does not count. */
async function measureReading(row: Row, daemon: Daemon, setup: Setup, pid: number): Promise<Measurement[]> {
  const file = join(setup.directory, 'large.conf');
  writeFileSync(file, row.reads!());
  await whenListening(daemon, setup);
  const client = await ControlClient.connect(controlSocket(setup));
  const results: Measurement[] = [];
  try {
    for (const phase of row.phases) {
      const cpuBefore = usage(pid).cpuS;
      const start = performance.now();
      const answer = await client.ask(`configure check "${file}"`);
      const ms = performance.now() - start;
      const { peakBytes, cpuS } = usage(pid);
      const measured = { row: row.name, daemon: daemon.name, phase, ms, peakBytes, cpuS: cpuS - cpuBefore };
      results.push(/^0020 /m.test(answer) ? measured : { ...measured, error: answer.trim() });
    }
  } finally {
    client.close();
  }
  return results;
}

/** The recorded feed as a flat file of UPDATEs for the load generator, or undefined where there is none. */
function prepareFeed(directory: string): string | undefined {
  if (!existsSync(FEED)) return undefined;
  const file = join(directory, 'feed.updates');
  writeFileSync(file, updatesOf(gunzipSync(readFileSync(FEED))));
  return file;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      rows: text,
      daemons: text,
      runs: text,
      scale: text,
      'stall-seconds': text,
      timeout: text,
      report: flag,
      json: flag,
      help: flag,
    },
  });
  if (values.help) return say(HELP);
  const rows = chosen(ROWS, values.rows, 'row');
  const daemons = chosen(DAEMONS, values.daemons, 'daemon');
  const runs = count(values.runs, 3, '--runs');
  const scale = count(values.scale, 1, '--scale');
  const stallSeconds = count(values['stall-seconds'], STALL_SECONDS, '--stall-seconds');
  const timeoutS = count(values.timeout, 300, '--timeout');
  buildPrograms();
  const program = programPath('loadgen');
  const work = mkdtempSync(join(tmpdir(), 'catbird-bench-'));
  const measurements: Measurement[] = [];
  try {
    const feed = prepareFeed(work);
    const present = daemons.filter((daemon) => {
      if (!isInstalled(daemon)) say(`${daemon.title}: not installed (${daemon.binary}), left out`);
      return isInstalled(daemon);
    });
    const versions = new Map(
      present.map((daemon) => [daemon.name, `${daemon.title} ${versionOf(daemon)}`.trim()]),
    );
    for (const row of rows) {
      if (row.recorded && feed === undefined) {
        say(`${row.title}: left out, the recorded feed is not at ${FEED}`);
        continue;
      }
      const args = loadArguments(row, scale, stallSeconds, feed ?? '');
      for (const daemon of present) {
        if (values.daemons === undefined && row.notBy?.includes(daemon.name)) continue;
        if (row.mixes && daemon.name === 'relay') continue;
        if (row.onlyBy && !row.onlyBy.includes(daemon.name)) continue;
        for (let run = 0; run < runs; run++) {
          const got = await measure(row, daemon, program, args, timeoutS + (row.stalls ? stallSeconds : 0));
          measurements.push(...got);
          if (values.json) got.forEach((one) => say(JSON.stringify(one)));
          if (got.some((one) => one.error !== undefined)) break;
        }
      }
      say(summary(row, measurements, versions));
    }
    if (values.report) {
      const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
      const fresh = rows.map((row) => ({
        ...{ row: row.name, command, runs, scale, machine: machine(), versions: [...versions] },
        measurements: measurements.filter((one) => one.row === row.name),
      }));
      const records = mergeRecords(
        join(ROOT, 'docs/benchmarks.json'),
        fresh.filter((record) => record.measurements.length > 0),
        ROWS.map((row) => row.name),
      );
      writeFileSync(join(ROOT, 'docs/benchmarks.md'), markdown(ROWS, records));
      writeFileSync(join(ROOT, 'docs/benchmarks.svg'), chart(ROWS, records));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (measurements.some((one) => one.daemon === 'catbird' && one.error !== undefined)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
