/** `ipv4 table NAME { … }`. */
import { bool, debugFlags, number, settleTime, time } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { ConfError } from '../diagnostics.ts';
import { accepted, noticed, option, RuleTable } from '../rules.ts';
import { threadGroup } from './protocol.ts';

export interface TableDraft {
  sorted: boolean;
}

const OWN_TIMING = "Catbird's tables batch and clean up by themselves";
const MAX_GC_PERIOD_MS = 3_600_000;

const gcPeriod: ArgumentKind<ReturnType<typeof time.parse>, number> = {
  parse: (cursor) => time.parse(cursor),
  evaluate(node, scope) {
    const value = time.evaluate(node, scope);
    if (value > MAX_GC_PERIOD_MS) throw new ConfError(node.amount.at, 'GC period must be at most 3600 s');
    return value;
  },
};

/** The queue lengths at which BIRD 3 stops and goes on reading. */
const corkThreshold: ArgumentKind<
  readonly [Parameters<typeof number.evaluate>[0], Parameters<typeof number.evaluate>[0]],
  number
> = {
  parse: (cursor) => [number.parse(cursor), number.parse(cursor)],
  evaluate([low, high], scope) {
    const value = number.evaluate(low, scope);
    if (value > number.evaluate(high, scope)) {
      throw new ConfError(low.at, 'Cork low threshold must be lower than the high threshold.');
    }
    return value;
  },
};

export const tableOptions = new RuleTable<TableDraft>([
  option('sorted', bool, (draft, value) => (draft.sorted = value)),
  // Look-ups of any length always work.
  accepted('trie', bool),
  noticed('debug', debugFlags, 'tables log nothing', (value) => value.size === 0),
  noticed('min settle time', time, OWN_TIMING),
  noticed('max settle time', time, OWN_TIMING),
  noticed('gc threshold', number, OWN_TIMING),
  noticed('gc period', gcPeriod, OWN_TIMING),
  noticed('cork threshold', corkThreshold, OWN_TIMING),
  noticed('export settle time', settleTime, OWN_TIMING),
  noticed('route refresh export settle time', settleTime, OWN_TIMING),
  noticed('digest settle time', settleTime, OWN_TIMING),
  threadGroup('thread group'),
]);
