/** How a rendered text changes, for `catbird diff`. */
import { diffLines } from './base/line-diff.ts';
import type { LineChange } from './base/line-diff.ts';
import { keyText, shownKeys } from './confd/origin-text.ts';
import type { Rendering } from './rendering.ts';

/** Unchanged lines around changed ones. */
const CONTEXT = 3;

/**
 * How a text changes, as a unified diff, with the keys that changed lines come from below each part; no line where it does not.
 * @param show what is shown of a line
 */
export function unifiedDiff(before: Rendering, after: Rendering, show: (line: string) => string): string[] {
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
