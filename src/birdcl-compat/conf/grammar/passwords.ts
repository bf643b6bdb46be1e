/** Keys with lifetimes: the `password` lists of BFD, and the TCP-AO `keys` of BGP. Read and checked only. */
import type { Expression } from '../../filter/ast.ts';
import { bounded, parseTextExpression } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import { option, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import type { Scope } from '../scope.ts';

/** MACs by their words; TCP-AO has one more. */
const MACS: readonly string[] = [
  'keyed md5',
  'keyed sha1',
  'keyed sha256',
  'keyed sha384',
  'keyed sha512',
  'hmac md5',
  'hmac sha1',
  'hmac sha256',
  'hmac sha384',
  'hmac sha512',
  'blake2s128',
  'blake2s256',
  'blake2b256',
  'blake2b512',
];
const MAX_AO_KEY = 80;

function algorithm(names: readonly string[]): ArgumentKind<string, string> {
  return {
    parse(cursor: Cursor) {
      const name = names.find((words) => words.split(' ').every((word, i) => cursor.textAfter(i) === word));
      if (name === undefined) cursor.unexpected('an algorithm', names);
      cursor.at += name.split(' ').length;
      return name;
    },
    evaluate: (node) => node,
  };
}

/** A string, or bytes in hexadecimal; bytes have no expression. */
const secret: ArgumentKind<Expression | number, number> = {
  parse(cursor: Cursor) {
    if (cursor.kind !== TOKEN.bytes) return parseTextExpression(cursor);
    return cursor.tokens.text(cursor.at++).replaceAll(':', '').length / 2;
  },
  evaluate: (node, scope) => (typeof node === 'number' ? node : textOf(node, scope).length),
};

const quotedTime: ArgumentKind<Expression, string> = {
  parse: parseTextExpression,
  evaluate(node, scope) {
    const value = textOf(node, scope);
    if (!/^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(value) || Number.isNaN(Date.parse(value))) {
      throw new ConfError(node.at, 'Invalid date/time');
    }
    return value;
  },
};

const lifetime = new RuleTable<object>(
  ['generate from', 'generate to', 'accept from', 'accept to', 'from', 'to']
    .map((words): Rule<object> => option(words, quotedTime, () => undefined))
    .concat([
      option('id', bounded(0, 255, 'Password ID must be in range 0-255'), () => undefined),
      option('algorithm', algorithm(MACS), () => undefined),
    ]),
);

interface PasswordNode {
  readonly key: Expression | number;
  readonly options: readonly OptionNode<object>[];
}

function parsePassword(cursor: Cursor): PasswordNode {
  const key = secret.parse(cursor);
  const options: OptionNode<object>[] = [];
  if (cursor.accept('{')) lifetime.parseBlock(cursor, options);
  return { key, options };
}

/** `password "x" { id 1; }`, the word already read. */
export const password: ArgumentKind<PasswordNode, boolean> = {
  parse: parsePassword,
  evaluate: ({ key }, scope) => secret.evaluate(key, scope) >= 0,
};

/** `passwords { password "x"; … }`, the word already read. */
export const passwords: ArgumentKind<PasswordNode[], boolean> = {
  parse(cursor) {
    const list: PasswordNode[] = [];
    cursor.expect('{');
    while (!cursor.accept('}')) {
      if (!cursor.acceptWord('key')) cursor.expectWord('password');
      list.push(parsePassword(cursor));
      cursor.expect(';');
    }
    return list;
  },
  evaluate: (list, scope) => list.every((node) => password.evaluate(node, scope)),
};

interface AoKeyDraft {
  sendId: number | undefined;
  receiveId: number | undefined;
  length: number;
  preference: -1 | 0 | 1;
}

function prefer(
  preference: 1 | -1,
): (draft: AoKeyDraft, value: undefined, context: unknown, at: number) => void {
  return (draft, _value, _context, at) => {
    if (draft.preference === -preference) {
      throw new ConfError(at, 'Key cannot be both preferred and deprecated');
    }
    draft.preference = preference;
  };
}

const nothing: ArgumentKind<undefined, undefined> = {
  parse: () => undefined,
  evaluate: () => undefined,
};

const aoKey = new RuleTable<AoKeyDraft>([
  option('id', bounded(0, 255, 'Key ID must be in range 0-255'), (draft, value) => {
    draft.sendId = value;
    draft.receiveId = value;
  }),
  option('send id', bounded(0, 255, 'Send ID must be in range 0-255'), (draft, value) => {
    draft.sendId = value;
  }),
  option('recv id', bounded(0, 255, 'Recv ID must be in range 0-255'), (draft, value) => {
    draft.receiveId = value;
  }),
  option('algorithm', algorithm([...MACS, 'cmac aes128']), () => undefined),
  option('secret', secret, (draft, value, _context, at) => {
    if (value > MAX_AO_KEY) throw new ConfError(at, 'TCP-AO secret too long');
    draft.length = value;
  }),
  option('deprecated', nothing, prefer(-1)),
  option('preferred', nothing, prefer(1)),
]);

interface AoKeyNode {
  readonly at: number;
  readonly options: readonly OptionNode<AoKeyDraft>[];
}

/** `keys { key { id 1; secret "x"; }; … }` of TCP-AO (RFC 5925), the word `keys` already read. */
export const aoKeys: ArgumentKind<AoKeyNode[], AoKeyDraft[]> = {
  parse(cursor) {
    const list: AoKeyNode[] = [];
    cursor.expect('{');
    while (!cursor.accept('}')) {
      cursor.expectWord('key');
      cursor.expect('{');
      const options: OptionNode<AoKeyDraft>[] = [];
      aoKey.parseBlock(cursor, options);
      list.push({ at: cursor.at - 1, options });
      cursor.expect(';');
    }
    return list;
  },
  evaluate: (list, scope) => list.map((node) => lowerAoKey(node, scope)),
};

function lowerAoKey({ at, options }: AoKeyNode, scope: Scope): AoKeyDraft {
  const draft: AoKeyDraft = { sendId: undefined, receiveId: undefined, length: 0, preference: 0 };
  const context = { scope } as Parameters<Rule<AoKeyDraft>['apply']>[2];
  for (const node of options) node.rule.apply(draft, node.argument, context, node);
  if (draft.sendId === undefined) throw new ConfError(at, 'No key Send ID');
  if (draft.receiveId === undefined) throw new ConfError(at, 'No key Recv ID');
  if (draft.length === 0) {
    throw new ConfError(at, `No secret defined for key ${draft.sendId}/${draft.receiveId}`);
  }
  return draft;
}
