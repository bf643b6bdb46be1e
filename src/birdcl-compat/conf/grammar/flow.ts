/** Flow specifications (RFC 8955, RFC 8956): `flow4 { dst 10.0.0.0/8; dport = 80, 443; }`. Read and checked only. */
import { parseAtomExpression, prefix } from '../arguments.ts';
import { numberOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import type { Scope } from '../scope.ts';
import type { Expression } from '../../filter/ast.ts';

/** What is left to check when names are known. */
export type FlowCheck = (scope: Scope) => void;

const NUMERIC = [
  'proto',
  'next header',
  'port',
  'dport',
  'sport',
  'icmp type',
  'icmp code',
  'length',
  'dscp',
  'label',
];
const FRAGMENTS = ['dont_fragment', 'is_fragment', 'first_fragment', 'last_fragment'];
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='];

function acceptWords(cursor: Cursor, words: string): boolean {
  const list = words.split(' ');
  if (!list.every((word, i) => cursor.textAfter(i) === word)) return false;
  cursor.at += list.length;
  return true;
}

function acceptLogic(cursor: Cursor): boolean {
  return cursor.accept('&&') || cursor.accept('||');
}

/** `= 80 || > 1024 && < 2000`, or `80, 443, 8000..8100`. */
function parseNumbers(cursor: Cursor, numbers: Expression[]): void {
  let extended = false;
  do {
    const compared =
      COMPARISONS.some((sign) => cursor.accept(sign)) ||
      cursor.acceptWord('true') ||
      cursor.acceptWord('false');
    if (!compared) extended = true;
    numbers.push(parseAtomExpression(cursor));
    if (!compared && cursor.accept('..')) numbers.push(parseAtomExpression(cursor));
  } while (acceptLogic(cursor) || (extended && cursor.accept(',')));
}

/** `!0x2/0x2 && 0x10/0x10` */
function parseMasks(cursor: Cursor, numbers: Expression[]): void {
  do {
    cursor.accept('!');
    numbers.push(parseAtomExpression(cursor));
    cursor.expect('/');
    numbers.push(parseAtomExpression(cursor));
  } while (acceptLogic(cursor) || cursor.accept(','));
}

function parseFragments(cursor: Cursor, ipv6: boolean): void {
  do {
    cursor.accept('!');
    const word = FRAGMENTS.find((candidate) => cursor.isWord(candidate));
    if (word === undefined) cursor.unexpected('a kind of fragment', FRAGMENTS);
    if (ipv6 && word === 'dont_fragment') cursor.fail('Flag dont_fragment not valid in flow6');
    cursor.at++;
  } while (acceptLogic(cursor) || cursor.accept(','));
}

function parsePrefix(cursor: Cursor, ipv6: boolean): FlowCheck {
  const node = prefix.parse(cursor);
  const offset = ipv6 && cursor.acceptWord('offset') ? parseAtomExpression(cursor) : undefined;
  return (scope) => {
    const { ip, length } = prefix.evaluate(node, scope);
    if ((ip.version === 6) !== ipv6) {
      throw new ConfError(node.at, `IPv${ipv6 ? 6 : 4} network expected`);
    }
    if (offset && numberOf(offset, scope) > length) {
      throw new ConfError(offset.at, 'Prefix offset is higher than prefix length');
    }
  };
}

/** Reads what stands behind `flow4` or `flow6`. */
export function parseFlow(cursor: Cursor, ipv6: boolean): FlowCheck {
  const numbers: Expression[] = [];
  const checks: FlowCheck[] = [];
  cursor.expect('{');
  while (!cursor.accept('}')) {
    if (cursor.acceptWord('dst') || cursor.acceptWord('src')) checks.push(parsePrefix(cursor, ipv6));
    else if (acceptWords(cursor, 'tcp flags')) parseMasks(cursor, numbers);
    else if (cursor.acceptWord('fragment')) parseFragments(cursor, ipv6);
    else {
      if (!ipv6 && cursor.isWord('label')) cursor.fail('Flow label not valid in flow4');
      if (!NUMERIC.some((words) => acceptWords(cursor, words))) {
        cursor.unexpected('a part of a flow', ['dst', 'src', 'tcp', 'fragment', ...NUMERIC]);
      }
      parseNumbers(cursor, numbers);
    }
    cursor.expect(';');
  }
  return (scope) => {
    for (const check of checks) check(scope);
    for (const node of numbers) numberOf(node, scope);
  };
}
