/** Arguments that several commands take. */
import type { Cursor } from '../conf/cursor.ts';
import { TOKEN } from '../conf/lexer.ts';
import { matchesPattern } from '../conf/router-id.ts';
import type { ProtocolView } from './daemon-view.ts';
import { CODE, CommandError } from './replies.ts';
import type { Session } from './session.ts';

/** One protocol by name, those that match a pattern, or all. */
export type ProtocolSelector = { readonly name: string } | { readonly pattern: string } | 'all';

/**
 * `name`, `"pattern"` or `all`.
 * @param optional nothing means all
 */
export function parseSelector(cursor: Cursor, optional: boolean): ProtocolSelector {
  if (cursor.kind === TOKEN.text) return { pattern: cursor.string('a pattern') };
  if (cursor.kind === TOKEN.end && optional) return 'all';
  if (!optional && cursor.acceptWord('all')) return 'all';
  return { name: cursor.name('a protocol') };
}

/** The protocols that are meant. Fails as BIRD does where there is none. */
export function selectProtocols(
  { view, dialect }: Pick<Session, 'view' | 'dialect'>,
  selector: ProtocolSelector,
): readonly ProtocolView[] {
  const all = view.protocols();
  if (selector === 'all') {
    if (all.length === 0) throw new CommandError(CODE.noProtocolMatches, 'No protocols match');
    return all;
  }
  if ('name' in selector) {
    const found = all.filter(({ name }) => name === selector.name);
    if (found.length > 0) return found;
    const known = view.config.symbols.get(selector.name) !== undefined;
    if (dialect.version === 1) throw new CommandError(CODE.wrongSymbol, `${selector.name} is not a protocol`);
    throw new CommandError(
      CODE.parseError,
      known
        ? `Protocol name required: ${selector.name} is not a protocol`
        : `syntax error, unexpected '${selector.name}', expecting a protocol`,
    );
  }
  const found = all.filter(({ name }) => matchesPattern(selector.pattern, name));
  if (found.length === 0) throw new CommandError(CODE.noProtocolMatches, 'No protocols match');
  return found;
}

/** A message in quotes, or nothing. */
export function optionalText(cursor: Cursor): string | undefined {
  return cursor.kind === TOKEN.text ? cursor.string('a message') : undefined;
}
