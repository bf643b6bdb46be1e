/** Attributes of routes as `show route` writes them. */
import { ipFromBytes, formatIp, sameIp } from '../../base/ip.ts';
import { asAt } from '../../rib/attrs/as-path.ts';
import { ATTR, DESTINATION, FLAG, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { HAS, type AttrStore } from '../../rib/attrs/store.ts';
import { ATTRIBUTES } from '../../rib/attrs/table.ts';
import { AsPath } from '../filter/as-path.ts';
import type { RouteView } from './daemon-view.ts';
import type { SocketDialect } from './dialect.ts';
import { CODE, more } from './replies.ts';
import type { Reply } from './replies.ts';
import type { Session } from './session.ts';

/** Length at which a list of communities goes on in the next line. */
const WRAP = 480;
/** Attribute sets whose text is kept during an answer: neighbouring routes often share one. */
const MAX_KEPT = 4096;

/** RFC 4271 section 4.3: BIRD's letters for ORIGIN. */
const ORIGIN_LETTER = 'ie?';
/** BIRD's words for where routes come from. */
const SOURCE_WORD = { BGP: 'BGP', static: 'static', device: 'device' } as const;

/** The value of an attribute over as many lines as it needs. */
function wrapped(name: string, value: string): string[] {
  const whole = `\t${name}: ${value}`;
  if (whole.length <= WRAP) return [whole];
  const lines: string[] = [];
  let line = `\t${name}: `;
  let empty = true;
  for (const item of value.match(/\([^)]*\)|\{[^}]*\}|\S+/g) ?? []) {
    if (!empty && line.length + item.length > WRAP) {
      lines.push(line);
      line = '\t\t';
      empty = true;
    }
    line += empty ? item : ` ${item}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}

/** What a static route leads to is no attribute of it, although BGP sends it as one. */
function isOwnNextHop(
  store: AttrStore,
  { source, nextHops, attrs }: RouteView,
  code: number,
  at: number,
  length: number,
): boolean {
  if (source === 'BGP' || (code !== ATTR.nextHop && code !== ATTR.mpReach)) return false;
  const address = ipFromBytes(store.bytes, at, length >= 16 ? 16 : 4);
  if (nextHops.some((hop) => hop.address && sameIp(hop.address, address))) return true;
  const destination = store.valueAt(attrs, LOCAL_ATTR.destination);
  return destination >= 0 && store.bytes[destination] === DESTINATION.recursive;
}

/** What an attribute is called in an answer. `known` is BIRD 2's name without its prefix. */
function attributeName(code: number, flags: number, known: string | undefined, newNames: boolean): string {
  const number = code.toString(16).padStart(2, '0');
  if (newNames) {
    if (known === undefined) return `bgp_unknown_0x${number}`;
    return known === 'as_path' ? 'bgp_path' : `bgp_${known}`;
  }
  if (known !== undefined) return `BGP.${known}`;
  return `BGP.${number}${flags & FLAG.transitive ? ' [t]' : ''}`;
}

/** Lines that come before those of BGP's attributes. */
function generalLines(row: RouteView, { version, newNames }: SocketDialect): Reply[] {
  const source = SOURCE_WORD[row.source];
  if (!newNames) return [more(CODE.routeDetail, `\tType: ${source} ${version === 1 ? 'unicast ' : ''}univ`)];
  const from = row.from ? [more(CODE.attribute, `\tfrom: ${formatIp(row.from)}`)] : [];
  return [
    more(CODE.attribute, `\tpreference: ${row.preference}`),
    ...from,
    more(CODE.attribute, `\tsource: ${source}`),
  ];
}

/** The place of an attribute among the others: an IPv6 next hop stands where an IPv4 one would. */
function placeOf(code: number): number {
  return code === ATTR.mpReach ? ATTR.nextHop : code;
}

function attributeLines(store: AttrStore, row: RouteView, dialect: SocketDialect): Reply[] {
  const lines: Reply[] = [];
  const found: [number, number, number, number][] = [];
  store.forEach(row.attrs, (code, flags, at, length) => found.push([code, flags, at, length]));
  found.sort(([a], [b]) => placeOf(a) - placeOf(b));
  for (const [code, flags, at, length] of found) {
    if (code === LOCAL_ATTR.igpMetric)
      lines.push(more(CODE.attribute, `\tigp_metric: ${asAt(store.bytes, at)}`));
    if (code > 255 || isOwnNextHop(store, row, code, at, length)) continue;
    const known = ATTRIBUTES[code];
    // The next hop is shown under one name, whatever family it has.
    const own = code === ATTR.mpReach ? 'next_hop' : known?.name;
    const value = known
      ? known.format(store.bytes, at, length)
      : Array.from(store.bytes.subarray(at, at + length), (byte) => byte.toString(16).padStart(2, '0')).join(
          ' ',
        );
    for (const line of wrapped(attributeName(code, flags, own, dialect.newNames), value))
      lines.push(more(CODE.attribute, line));
  }
  return lines;
}

/** What is known of an attribute set as long as its number stands for it. */
interface Text {
  readonly generation: number;
  /** `AS65001i` */
  readonly origin: string;
  lines: readonly Reply[] | undefined;
}

/** Texts of attribute sets for one answer: those of sets that were seen lately are kept. */
export class AttributeTexts {
  readonly store: AttrStore;
  readonly dialect: SocketDialect;
  readonly #texts = new Map<number, Text>();

  constructor({ view, dialect }: Session) {
    this.store = view.attributes;
    this.dialect = dialect;
  }

  /** The AS that originated a route, and a letter for how: `AS65001i`. */
  origin(attrs: number): string {
    return this.#text(attrs).origin;
  }

  /** All lines of `show route all` behind those of the route itself. */
  lines(row: RouteView): readonly Reply[] {
    const general = generalLines(row, this.dialect);
    // What other routes show depends on their next hops as well.
    if (row.source !== 'BGP') return [...general, ...attributeLines(this.store, row, this.dialect)];
    const text = this.#text(row.attrs);
    text.lines ??= attributeLines(this.store, row, this.dialect);
    return [...general, ...text.lines];
  }

  #text(attrs: number): Text {
    const { store } = this;
    const generation = store.generation[attrs]!;
    const known = this.#texts.get(attrs);
    if (known?.generation === generation) return known;
    if (this.#texts.size >= MAX_KEPT) this.#texts.clear();
    const at = store.valueAt(attrs, ATTR.asPath);
    const origin = at < 0 ? 0 : new AsPath(store.bytes.subarray(at, at + store.foundLength)).last;
    const letter = (store.flags[attrs]! & HAS.origin) === 0 ? '' : ORIGIN_LETTER[store.origin[attrs]!]!;
    const text = { generation, origin: `${origin === 0 ? '' : `AS${origin}`}${letter}`, lines: undefined };
    this.#texts.set(attrs, text);
    return text;
  }
}
