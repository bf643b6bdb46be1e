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

/** The protocols that are meant, as they are now. Fails as BIRD does where there is none. */
export function selectProtocols(
  session: Pick<Session, 'view' | 'dialect'>,
  selector: ProtocolSelector,
): readonly ProtocolView[] {
  return [...eachProtocol(session, selector)];
}

/** The same, each as it is when it is taken. */
export function eachProtocol(
  session: Pick<Session, 'view' | 'dialect'>,
  selector: ProtocolSelector,
): Iterable<ProtocolView> {
  const isWanted =
    selector === 'all'
      ? undefined
      : 'name' in selector
        ? (name: string) => name === selector.name
        : (name: string) => matchesPattern(selector.pattern, name);
  const found = session.view.protocols(isWanted)[Symbol.iterator]();
  const first = found.next();
  if (first.done) return noneFound(session, selector);
  return (function* () {
    yield first.value;
    for (let next = found.next(); !next.done; next = found.next()) yield next.value;
  })();
}

function noneFound({ view, dialect }: Pick<Session, 'view' | 'dialect'>, selector: ProtocolSelector): never {
  if (selector === 'all' || 'pattern' in selector)
    throw new CommandError(CODE.noProtocolMatches, 'No protocols match');
  const { name } = selector;
  if (dialect.version === 1) throw new CommandError(CODE.wrongSymbol, `${name} is not a protocol`);
  throw new CommandError(
    CODE.parseError,
    view.config.symbols.get(name) !== undefined
      ? `Protocol name required: ${name} is not a protocol`
      : `syntax error, unexpected '${name}', expecting a protocol`,
  );
}

/** A message in quotes, or nothing. */
export function optionalText(cursor: Cursor): string | undefined {
  return cursor.kind === TOKEN.text ? cursor.string('a message') : undefined;
}
