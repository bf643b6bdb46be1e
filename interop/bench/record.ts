/**
 * What was measured, kept beside the page that is made of it (`docs/benchmarks.json`), so that a row can be measured
 * again alone. A row's measurements all come from one run.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Measurement } from './report.ts';

export interface RowRecord {
  readonly row: string;
  /** The command that measured it. */
  readonly command: string;
  /** How often it was run; medians are reported. */
  readonly runs: number;
  /** What counts were divided by. */
  readonly scale: number;
  readonly machine: string;
  /** Name and version of every daemon, in the order of columns. */
  readonly versions: readonly (readonly [name: string, version: string])[];
  readonly measurements: readonly Measurement[];
}

/** The records of a file; none where there is no file yet. */
export function readRecords(path: string): RowRecord[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RowRecord[]) : [];
}

/** Writes records in the order of `names`, fresh ones in place of older ones of the same row; returns them. */
export function mergeRecords(
  path: string,
  fresh: readonly RowRecord[],
  names: readonly string[],
): RowRecord[] {
  const byName = new Map([...readRecords(path), ...fresh].map((record) => [record.row, record]));
  const merged = names.flatMap((name) => byName.get(name) ?? []);
  writeFileSync(path, `${JSON.stringify(merged, undefined, 1)}\n`);
  return merged;
}
