/** What was measured as text, as Markdown and as a chart. */
import { cpus, totalmem } from 'node:os';
import type { RowRecord } from './record.ts';
import type { Row } from './rows.ts';

export interface Measurement {
  readonly row: string;
  readonly daemon: string;
  readonly phase?: string;
  /** Milliseconds until the last client held what it must. */
  readonly ms?: number;
  readonly peakBytes?: number;
  /** Processor time of the daemon during the phase, in seconds. */
  readonly cpuS?: number;
  /** What the load generator said of the phase. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

interface Cell {
  readonly ms: number;
  readonly mb: number;
  readonly cpuS: number;
  readonly stalledMs?: number;
  /** Routes that clients hold with other attributes than were sent. */
  readonly different: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function cell(
  all: readonly Measurement[],
  row: Row,
  phase: string,
  daemon: string,
): Cell | string | undefined {
  const mine = all.filter((one) => one.row === row.name && one.daemon === daemon);
  if (mine.length === 0) return undefined;
  const error = mine.find((one) => one.error !== undefined)?.error;
  const done = mine.filter((one) => one.phase === phase && one.error === undefined);
  if (done.length === 0) return error ?? 'no result';
  const stalled = done.map((one) => Number(one.details?.['stalledMs'] ?? NaN)).filter((ms) => ms > 0);
  return {
    ms: median(done.map((one) => one.ms!)),
    mb: median(done.map((one) => one.peakBytes! / 1e6)),
    cpuS: median(done.map((one) => one.cpuS!)),
    different: Math.max(...done.map((one) => Number(one.details?.['different'] ?? 0))),
    ...(stalled.length > 0 ? { stalledMs: median(stalled) } : {}),
  };
}

function describe(value: Cell, bird: Cell | string | undefined): string {
  const parts = [
    `${(value.ms / 1000).toFixed(2)} s`,
    `${Math.round(value.mb)} MB`,
    `${value.cpuS.toFixed(1)} s CPU`,
  ];
  if (value.stalledMs !== undefined)
    parts.push(`stalled one right after ${(value.stalledMs / 1000).toFixed(1)} s`);
  if (value.different > 0) parts.push(`${value.different} routes with other attributes than sent`);
  if (typeof bird === 'object' && bird !== value) {
    parts.push(
      `${(value.ms / bird.ms).toFixed(2)} × BIRD's time, ${(value.mb / bird.mb).toFixed(2)} × its memory`,
    );
  }
  return parts.join(', ');
}

/** A few lines for the terminal: one a phase and daemon. */
export function summary(
  row: Row,
  all: readonly Measurement[],
  versions: ReadonlyMap<string, string>,
): string {
  const lines = [row.title];
  for (const phase of row.phases) {
    const bird = cell(all, row, phase, 'bird');
    for (const [daemon, version] of versions) {
      const value = daemon === 'bird' ? bird : cell(all, row, phase, daemon);
      if (value === undefined) continue;
      const text = typeof value === 'string' ? `failed: ${value}` : describe(value, bird);
      lines.push(`  ${phase.padEnd(9)} ${version.padEnd(18)} ${text}`);
    }
  }
  return lines.join('\n');
}

/** What the figures were measured on. */
export function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 1e9)} GB of memory, Node ${process.version}`;
}

/** All daemons of some records, in the order of columns. */
function columns(records: readonly RowRecord[]): Map<string, string> {
  return new Map(records.flatMap(({ versions }) => versions));
}

function howMeasured({ command, runs, scale, machine: where }: RowRecord): string {
  const times = runs > 1 ? `, median of ${runs} runs` : '';
  return `\`${command}\`${times}${scale > 1 ? `, counts divided by ${scale}` : ''}, on ${where}`;
}

/** The page of figures, with the commands and the machine that made them. */
export function markdown(rows: readonly Row[], records: readonly RowRecord[]): string {
  const names = [...columns(records).keys()];
  const all = records.flatMap(({ measurements }) => measurements);
  const done = rows.filter(({ name }) => records.some(({ row }) => row === name));
  const lines = [
    '# Benchmarks',
    '',
    'Time until the last client holds every prefix (or none, for a withdrawal), and the largest resident memory of the daemon so',
    'far. One load generator process plays prebuilt streams and checks the prefixes and attributes that every client receives. In',
    'brackets: time and memory as multiples of BIRD in the same run. The relay is no route reflector: it copies what one client',
    'sends to all, which is what the load generator and the kernel take. Where one client stops reading, the time is that of the',
    'others.',
    '',
    'Made by',
    '',
    ...new Set(records.map((record) => `- ${howMeasured(record)}`)),
    '',
    '![Chart of the same figures](benchmarks.svg)',
    '',
    `| work | phase | ${names.map((name) => columns(records).get(name)).join(' | ')} |`,
    `| --- | --- | ${names.map(() => '---').join(' | ')} |`,
  ];
  for (const row of done) {
    for (const phase of row.phases) {
      const bird = cell(all, row, phase, 'bird');
      const cells = names.map((name) => {
        const value = cell(all, row, phase, name);
        if (value === undefined) return '';
        if (typeof value === 'string') return value;
        let figures = `${(value.ms / 1000).toFixed(2)} s, ${Math.round(value.mb)} MB`;
        if (name !== 'bird' && typeof bird === 'object')
          figures += ` (${(value.ms / bird.ms).toFixed(2)}, ${(value.mb / bird.mb).toFixed(2)})`;
        if (value.stalledMs !== undefined)
          figures += `; stalled one right after ${(value.stalledMs / 1000).toFixed(1)} s`;
        return figures;
      });
      lines.push(`| ${row.title} | ${phase} | ${cells.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const COLOURS: Readonly<Record<string, string>> = {
  bird: '#4477aa',
  catbird: '#ee6677',
  frr: '#228833',
  openbgpd: '#ccbb44',
  gobgp: '#66ccee',
  relay: '#bbbbbb',
};

/** Bars of seconds, one group a row (its first phase), on a logarithmic scale from 10 ms. */
export function chart(rows: readonly Row[], records: readonly RowRecord[]): string {
  const versions = columns(records);
  const all = records.flatMap(({ measurements }) => measurements);
  const parts: string[] = [];
  let y = 10;
  for (const row of rows) {
    const bars = [...versions].flatMap(([name, version]) => {
      const value = cell(all, row, row.phases[0]!, name);
      return typeof value === 'object' ? [{ name, version, seconds: value.ms / 1000 }] : [];
    });
    if (bars.length === 0) continue;
    y += 20;
    parts.push(`<text x="10" y="${y}" font-weight="bold">${row.title}</text>`);
    for (const bar of bars) {
      const width = Math.max(2, Math.round(130 * Math.log10(bar.seconds / 0.01)));
      parts.push(
        `<text x="20" y="${y + 17}">${bar.version}</text>`,
        `<rect x="150" y="${y + 6}" width="${width}" height="13" fill="${COLOURS[bar.name] ?? '#888888'}"/>`,
        `<text x="${156 + width}" y="${y + 17}">${bar.seconds.toFixed(2)} s</text>`,
      );
      y += 18;
    }
    y += 8;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="${y + 20}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${parts.join('\n')}
</svg>
`;
}
