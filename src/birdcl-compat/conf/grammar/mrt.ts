/** `protocol mrt`: dumps of tables into files, every so often (RFC 6396). */
import { FAMILIES } from '../../../base/family.ts';
import { bool, number, policy, table, text } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { FilterProgram } from '../../filter/program.ts';
import { TOKEN } from '../lexer.ts';
import type { AnyTableConfig } from '../lowered.ts';
import { field, option, RuleTable } from '../rules.ts';
import type { Rule } from '../rules.ts';
import { failAtEnd, newProtocol, protocolBase, protocolRules, protocolRules1 } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';

interface MrtDraft extends ProtocolDraft {
  /** Weighs more than the pattern where both are given, as in BIRD. */
  table: AnyTableConfig | undefined;
  pattern: string | undefined;
  filter: FilterProgram | undefined;
  filename: string | undefined;
  periodS: number;
  alwaysAddPath: boolean;
}

/** The name of a table, or a pattern of names in quotes. */
const tables: ArgumentKind<string | ReturnType<typeof table.parse>, string | AnyTableConfig> = {
  parse: (cursor) => (cursor.kind === TOKEN.text ? cursor.string('a pattern') : table.parse(cursor)),
  evaluate: (node, scope) => (typeof node === 'string' ? node : table.evaluate(node, scope)),
};

/** `filter …` and `where …`, the first word not read yet. */
function filterRule(words: 'filter' | 'where'): Rule<MrtDraft> {
  return {
    words,
    parse(cursor) {
      cursor.at--;
      return policy.parse(cursor);
    },
    apply: (draft, node, { scope }) => {
      draft.filter = policy.evaluate(node as ReturnType<typeof policy.parse>, scope);
    },
  };
}

const ownRules: readonly Rule<MrtDraft>[] = [
  option('table', tables, (draft, value) => {
    if (typeof value === 'string') draft.pattern = value;
    else draft.table = value;
  }),
  filterRule('filter'),
  filterRule('where'),
  field<MrtDraft, 'filename', unknown>('filename', text as never, 'filename'),
  field('period', number, 'periodS'),
  field('always add path', bool, 'alwaysAddPath'),
];

export const mrt: ProtocolGrammar<MrtDraft> = {
  word: 'mrt',
  defaultName: 'mrt',
  checksTemplates: true,
  rules: new RuleTable<MrtDraft>([...protocolRules<MrtDraft>(), ...ownRules]),
  rules1: new RuleTable<MrtDraft>([...protocolRules1<MrtDraft>(), ...ownRules]),
  create: (debug) => ({
    ...newProtocol(debug),
    table: undefined,
    pattern: undefined,
    filter: undefined,
    filename: undefined,
    periodS: 0,
    alwaysAddPath: false,
  }),
  copy: (draft) => ({ ...draft }),
  finish(draft, context) {
    const { pattern: names, filter, filename, periodS, alwaysAddPath } = draft;
    // Every protocol of BIRD 1.6 has a table.
    const own = context.dialect.version === 1 && names === undefined;
    const named =
      draft.table ??
      (own ? context.scope.defaultTables.get(FAMILIES[context.dialect.family].name) : undefined);
    if (!named && names === undefined) failAtEnd(context, 'Table not specified');
    if (filename === undefined) failAtEnd(context, 'File not specified');
    if (periodS === 0) failAtEnd(context, 'Period not specified');
    if (named && named.family === undefined) {
      if (!context.template) {
        context.refuse(
          context.kindAt,
          `dumps of ${named.net} tables are not built yet`,
          'Catbird carries ipv4 and ipv6 unicast',
        );
      }
      return undefined;
    }
    return {
      kind: 'mrt',
      ...protocolBase(draft),
      table: named ? { name: named.name } : { pattern: names! },
      ...(filter && { filter }),
      filename,
      periodS,
      alwaysAddPath,
    };
  },
};
