/** Origins in words. */
import type { KeyOrigin, LineOrigin } from './provenance.ts';

/** `/a/b (revision 42)`. */
export function keyText({ key, revision }: KeyOrigin): string {
  if (revision === undefined) return `${key} (${key.endsWith('/') ? 'empty' : 'not there'})`;
  return `${key} (revision ${revision})`;
}

/** The keys that are worth showing: those of values, or else those that decided that the line is there. */
export function shownKeys({ keys }: LineOrigin): readonly KeyOrigin[] {
  const values = keys.filter(({ role }) => role === 'value');
  return values.length > 0 ? values : keys.filter(({ role }) => role === 'condition');
}

/** `bird.cfg.template:31 from /a/b (revision 42), …`. */
export function originText(origin: LineOrigin, most = 4): string {
  const keys = shownKeys(origin);
  const more = keys.length > most ? `, and ${keys.length - most} more` : '';
  const from = keys.length > 0 ? ` from ${keys.slice(0, most).map(keyText).join(', ')}${more}` : '';
  return `${origin.template}:${origin.templateLine}${from}`;
}
