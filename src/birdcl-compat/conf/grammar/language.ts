/** Statements about the filter language itself: custom attributes, `eval`, test suites. */
import type { Expression } from '../../filter/ast.ts';
import { BGP_NAMES, MAX_CUSTOM_ATTRIBUTES } from '../../filter/attributes.ts';
import type { AttributeInfo } from '../../filter/attributes.ts';
import { parseExpression, parseNewName, parseType } from '../../filter/parse.ts';
import type { FunctionProgram } from '../../filter/program.ts';
import type { TestCase } from '../../filter/suites.ts';
import { CUSTOM_ATTRIBUTE_TYPES, typeName } from '../../filter/types.ts';
import type { Type } from '../../filter/types.ts';
import { parseAtomExpression, parseTextExpression } from '../arguments.ts';
import type { NameNode } from '../ast.ts';
import { constant, numberOf, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import type { Scope } from '../scope.ts';

export type LanguageNode =
  | {
      readonly kind: 'attribute';
      readonly name: NameNode;
      readonly type: Type;
      readonly typeAt: number;
      /** `attribute bgp CODE bytestring NAME` */
      readonly code?: Expression;
    }
  | { readonly kind: 'eval'; readonly expression: Expression }
  | { readonly kind: 'suite'; readonly function: NameNode; readonly description: Expression }
  | { readonly kind: 'same'; readonly functions: readonly [NameNode, NameNode]; readonly result: Expression };

function parseName(cursor: Cursor, what: string): NameNode {
  const { at } = cursor;
  return { name: cursor.name(what), at };
}

/** Reads a statement about the language; undefined, and nothing read, where none begins here. */
export function parseLanguageStatement(cursor: Cursor): LanguageNode | undefined {
  const word = cursor.word() ?? '';
  switch (word) {
    case 'attribute':
      return parseAttribute(cursor);
    case 'eval':
      cursor.at++;
      return { kind: 'eval', expression: parseExpression(cursor) };
    case 'bt_test_suite':
      return parseSuite(cursor);
    case 'bt_test_same':
      return parseSame(cursor);
    default:
      return undefined;
  }
}

function parseAttribute(cursor: Cursor): LanguageNode {
  cursor.at++;
  const code = cursor.acceptWord('bgp') ? parseAtomExpression(cursor) : undefined;
  const typeAt = cursor.at;
  const type = parseType(cursor);
  const { at } = cursor;
  const name = { name: parseNewName(cursor, 'a name'), at };
  cursor.expect(';');
  return { kind: 'attribute', name, type, typeAt, ...(code && { code }) };
}

function parseSuite(cursor: Cursor): LanguageNode {
  cursor.at++;
  cursor.expect('(');
  const name = parseName(cursor, 'a function');
  cursor.expect(',');
  const description = parseTextExpression(cursor);
  cursor.expect(')');
  return { kind: 'suite', function: name, description };
}

function parseSame(cursor: Cursor): LanguageNode {
  cursor.at++;
  cursor.expect('(');
  const first = parseName(cursor, 'a function');
  cursor.expect(',');
  const second = parseName(cursor, 'a function');
  cursor.expect(',');
  const result = parseAtomExpression(cursor);
  cursor.expect(')');
  return { kind: 'same', functions: [first, second], result };
}

function functionOf({ name, at }: NameNode, scope: Scope): FunctionProgram {
  return scope.require(name, at, ['function'], 'Function name required').function;
}

/** Takes a statement: names go into the scope, tests into `tests`. Throws `ConfError`. */
export function lowerLanguageStatement(node: LanguageNode, scope: Scope, tests: TestCase[]): void {
  switch (node.kind) {
    case 'attribute':
      scope.define(node.name.name, node.name.at, { kind: 'attribute', attribute: attributeOf(node, scope) });
      return;
    case 'eval':
      if (constant(node.expression, scope).type !== 'int') {
        throw new ConfError(node.expression.at, 'Integer expression expected');
      }
      return;
    case 'suite': {
      const program = functionOf(node.function, scope);
      tests.push({
        kind: 'suite',
        at: node.function.at,
        name: node.function.name,
        description: textOf(node.description, scope),
        program,
      });
      return;
    }
    case 'same': {
      const [first, second] = node.functions;
      tests.push({
        kind: 'same',
        at: first.at,
        name: first.name,
        description: second.name,
        programs: [functionOf(first, scope), functionOf(second, scope)],
        expected: numberOf(node.result, scope) !== 0,
      });
      return;
    }
  }
}

type AttributeNode = Extract<LanguageNode, { kind: 'attribute' }>;

function attributeOf(
  { name: { name }, type, typeAt, code: codeNode }: AttributeNode,
  scope: Scope,
): AttributeInfo {
  if (codeNode) {
    const code = numberOf(codeNode, scope);
    if (code < 1 || code > 255) {
      throw new ConfError(codeNode.at, `Invalid attribute number (Given ${code}, must be 1-255)`);
    }
    if (type !== 'bytestring') {
      throw new ConfError(typeAt, `Attribute type must be bytestring, not ${typeName(type)}`);
    }
    const known = BGP_NAMES.get(code);
    if (known !== undefined)
      throw new ConfError(codeNode.at, `Attribute BGP.${code} already known as ${known}`);
    return { name, type, home: 'bgp', code, custom: true, dynamic: true };
  }
  if (!CUSTOM_ATTRIBUTE_TYPES.has(type)) {
    throw new ConfError(typeAt, 'Custom route attribute of unsupported type');
  }
  if (scope.names('attribute').length >= MAX_CUSTOM_ATTRIBUTES) {
    throw new ConfError(typeAt, 'Too many custom attributes.');
  }
  return { name, type, home: 'local', custom: true, dynamic: true };
}
