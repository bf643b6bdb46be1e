/** Two lists of lines compared (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations"). */

export interface LineChange {
  readonly kind: 'same' | 'removed' | 'added';
  /** Index in the old list of a line that is the same or removed; of an added one, where it comes before. */
  readonly a: number;
  /** The same in the new list. */
  readonly b: number;
}

/** Differences beyond which what is between the first and the last one counts as exchanged. */
const MOST = 2000;

/** A shortest way from one list to the other. */
export function diffLines(a: readonly string[], b: readonly string[]): LineChange[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const changes: LineChange[] = [];
  for (let i = 0; i < head; i++) changes.push({ kind: 'same', a: i, b: i });
  changes.push(...middle(a, b, head, a.length - tail, b.length - tail));
  for (let i = tail; i > 0; i--) changes.push({ kind: 'same', a: a.length - i, b: b.length - i });
  return changes;
}

function middle(
  a: readonly string[],
  b: readonly string[],
  from: number,
  endA: number,
  endB: number,
): LineChange[] {
  const n = endA - from;
  const m = endB - from;
  /** How far each diagonal reaches, after 0, 1, 2, … differences. */
  const steps: Int32Array[] = [];
  let reach = new Int32Array(3);
  for (let d = 0; d <= n + m; d++) {
    if (d > MOST) return exchanged(from, endA, endB);
    // Diagonal k of d differences is at index k + d + 2.
    const next = new Int32Array(2 * d + 5);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach[k + d]! < reach[k + d + 2]!);
      let x = d === 0 ? 0 : down ? reach[k + d + 2]! : reach[k + d]! + 1;
      while (x < n && x - k < m && a[from + x] === b[from + x - k]) x++;
      next[k + d + 2] = x;
      if (x >= n && x - k >= m) {
        steps.push(next);
        return walkedBack(steps, from, n, m);
      }
    }
    steps.push(next);
    reach = next;
  }
  return exchanged(from, endA, endB);
}

function walkedBack(steps: readonly Int32Array[], from: number, n: number, m: number): LineChange[] {
  const changes: LineChange[] = [];
  let x = n;
  let y = m;
  for (let d = steps.length - 1; d >= 0; d--) {
    const k = x - y;
    const before = steps[d - 1];
    let down = false;
    let startX = 0;
    if (before) {
      down = k === -d || (k !== d && before[k + d]! < before[k + d + 2]!);
      startX = down ? before[k + d + 2]! : before[k + d]! + 1;
    }
    const startY = startX - k;
    while (x > startX && y > startY) changes.push({ kind: 'same', a: from + --x, b: from + --y });
    if (!before) break;
    if (down) changes.push({ kind: 'added', a: from + x, b: from + --y });
    else changes.push({ kind: 'removed', a: from + --x, b: from + y });
  }
  return changes.reverse();
}

function exchanged(from: number, endA: number, endB: number): LineChange[] {
  const changes: LineChange[] = [];
  for (let i = from; i < endA; i++) changes.push({ kind: 'removed', a: i, b: from });
  for (let i = from; i < endB; i++) changes.push({ kind: 'added', a: endA, b: i });
  return changes;
}
