/** `ipv4 table NAME { … }`. */
import { bool, number, time } from '../arguments.ts';
import { option, refused, RuleTable } from '../rules.ts';

export interface TableDraft {
  sorted: boolean;
}

const OWN_TIMING = "Catbird's tables batch and clean up by themselves";

export const tableOptions = new RuleTable<TableDraft>([
  option('sorted', bool, (draft, value) => (draft.sorted = value)),
  refused('trie', bool, "Catbird's tables always answer look-ups of any length", () => true),
  refused('min settle time', time, OWN_TIMING),
  refused('max settle time', time, OWN_TIMING),
  refused('gc threshold', number, OWN_TIMING),
  refused('gc period', time, OWN_TIMING),
]);
