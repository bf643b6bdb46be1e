/** The Prometheus text format, version 0.0.4, made a piece at a time. */

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One time series' value; labels as they stand in braces, made by `labels`. */
export interface Sample {
  readonly labels: string;
  readonly value: number;
}

export interface Bucketed {
  /** Upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[];
  /** Observations up to each bound and above the last; not cumulative. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** `{name="value",…}`; the empty string for none. */
export function labels(pairs: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(pairs).map(([name, value]) => `${name}="${escapeLabel(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Labels of a series with another one added. */
export function withLabel(base: string, name: string, value: string | number): string {
  const pair = `${name}="${escapeLabel(String(value))}"`;
  return base === '' ? `{${pair}}` : `${base.slice(0, -1)},${pair}}`;
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

export function head(name: string, type: MetricType, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

export function line(name: string, { labels: set, value }: Sample): string {
  return `${name}${set} ${value}\n`;
}

/** Lines of a histogram: cumulative buckets, sum and count. */
export function histogramLines(name: string, { bounds, counts, sum }: Bucketed): string {
  let text = '';
  let total = 0;
  for (let i = 0; i <= bounds.length; i++) {
    total += counts[i]!;
    text += `${name}_bucket{le="${i === bounds.length ? '+Inf' : bounds[i]!}"} ${total}\n`;
  }
  return `${text}${name}_sum ${sum}\n${name}_count ${total}\n`;
}

/** Observations by size: an increment each. */
export class Histogram implements Bucketed {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
  }
}
