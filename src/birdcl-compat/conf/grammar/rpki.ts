/** `protocol rpki` (RFC 8210): the cache, its transport and its intervals. */
import {
  address,
  bool,
  bounded,
  none,
  number,
  parseAddressExpression,
  parseTextExpression,
  text,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import type { Expression } from '../../filter/ast.ts';
import { constant, numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { PLAIN_CHANNELS } from '../net-types.ts';
import { accepted, option, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import { notBuilt, noting, plainChannels } from './not-built.ts';
import type { NotBuiltDraft } from './not-built.ts';
import { failAtEnd } from './protocol.ts';

/** RFC 8210 section 6: bounds of the intervals, in seconds. */
const INTERVALS = {
  refresh: [1, 86_400],
  retry: [1, 7_200],
  expire: [600, 172_800],
} as const;
const MAX_VERSION = 2;
const port = bounded(0, 65_535, 'Value out of range (0-65535)');

/** A host's name in quotes, or its address. */
function parseHost(cursor: Cursor): Expression {
  return cursor.isAddress() ? parseAddressExpression(cursor) : parseTextExpression(cursor);
}

const remote: Rule<NotBuiltDraft> = {
  words: 'remote',
  parse: (cursor) => ({
    host: parseHost(cursor),
    port: cursor.acceptWord('port') ? port.parse(cursor) : undefined,
  }),
  apply(draft, argument, { scope }, { at }) {
    const node = argument as { host: Expression; port: Expression | undefined };
    const { type } = constant(node.host, scope);
    if (type !== 'string' && type !== 'ip')
      throw new ConfError(node.host.at, 'String or IP address expected');
    if (node.port) port.evaluate(node.port, scope);
    if (draft.given.has('remote'))
      throw new ConfError(at, 'Only one cache server per RPKI instance is allowed');
  },
};

function interval(name: keyof typeof INTERVALS): ArgumentKind<Expression, number> {
  const [low, high] = INTERVALS[name];
  return {
    parse(cursor) {
      cursor.acceptWord('keep');
      return number.parse(cursor);
    },
    evaluate(node, scope) {
      const value = numberOf(node, scope);
      if (value < low) throw new ConfError(node.at, `Minimum allowed ${name} interval is ${low} seconds`);
      if (value > high) throw new ConfError(node.at, `Maximum allowed ${name} interval is ${high} seconds`);
      return value;
    },
  };
}

const tcpOptions = new RuleTable<Set<string>>([
  option('authentication none', none, (given) => given.delete('md5')),
  option('authentication md5', none, (given) => given.add('md5')),
  option('password', text, (given) => given.add('password')),
]);

const sshOptions = new RuleTable<Set<string>>([
  accepted('bird private key', text),
  accepted('remote public key', text),
  option('user', text, (given) => given.add('user')),
]);

function transport(
  words: string,
  rules: RuleTable<Set<string>>,
  check: (given: ReadonlySet<string>) => string | undefined,
): Rule<NotBuiltDraft> {
  return {
    words,
    parse(cursor) {
      const options: OptionNode<Set<string>>[] = [];
      if (words === 'transport ssh') cursor.expect('{');
      else if (!cursor.accept('{')) return options;
      rules.parseBlock(cursor, options);
      return options;
    },
    apply(draft, argument, context, { at, end }) {
      if (draft.given.has('transport')) {
        throw new ConfError(at, 'At the most one transport per RPKI instance is allowed');
      }
      draft.given.add('transport');
      const given = new Set<string>();
      for (const item of argument as OptionNode<Set<string>>[]) {
        item.rule.apply(given, item.argument, context, item);
      }
      const wrong = check(given);
      if (wrong !== undefined) throw new ConfError(end, wrong);
    },
  };
}

const version = (which: string): ArgumentKind<Expression, number> =>
  bounded(0, MAX_VERSION, `RPKI version unsupported, ${which} version must be in range 0-${MAX_VERSION}`);

export const rpki = notBuilt({
  word: 'rpki',
  rules: [
    ...plainChannels(PLAIN_CHANNELS),
    noting(remote),
    accepted('port', port),
    accepted('local address', address),
    transport('transport tcp', tcpOptions, (given) =>
      given.has('md5') === given.has('password')
        ? undefined
        : 'Authentication and password options should be used together',
    ),
    transport('transport ssh', sshOptions, (given) => (given.has('user') ? undefined : 'User must be set')),
    accepted('refresh', interval('refresh')),
    accepted('retry', interval('retry')),
    accepted('expire', interval('expire')),
    accepted('ignore max length', bool),
    accepted('min version', version('min')),
    accepted('max version', version('max')),
  ],
  required: [['remote', 'IP address or hostname of cache server must be set']],
  check: (draft, context) => {
    if (draft.channels.length === 0) failAtEnd(context, 'Channel not specified');
  },
  checksTemplates: true,
  hint: 'Catbird has no ROA tables yet',
});
