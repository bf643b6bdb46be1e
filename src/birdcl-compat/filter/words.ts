/** Words that the filter language gives a meaning. */
import { ATTRIBUTES } from './attributes.ts';
import { ENUMERATORS } from './enumerators.ts';
import { TYPE_WORDS } from './types.ts';

export const STATEMENT_WORDS: readonly string[] = [
  'if',
  'case',
  'for',
  'return',
  'accept',
  'reject',
  'error',
  'print',
  'printn',
  'unset',
  'bt_assert',
  'bt_check_assign',
  'enum',
  ...TYPE_WORDS.keys(),
  ...ATTRIBUTES.keys(),
];

/** Words that can never name a variable, function or constant: they begin something else. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...STATEMENT_WORDS.filter((word) => word !== 'route' && word !== 'enum' && word !== 'mac'),
  ...ENUMERATORS.keys(),
  'then',
  'else',
  'defined',
  'true',
  'false',
  'set',
]);
