/** `show route all`, line by line, of BIRD 1.6, 2 and 3 alike, as routes. */
import type { AnswerLine } from './answer.ts';

export interface Route {
  readonly network: string;
  readonly table: string;
  readonly protocol: string;
  /** As the daemon writes it. */
  readonly since: string;
  /** The neighbour, where the daemon says it. */
  readonly from: string;
  readonly best: boolean;
  /** `(100/20) [AS65001i]` */
  readonly info: string;
  /** `unicast`, `blackhole`, …; of BIRD 1.6 the next hop. */
  readonly destination: string;
  /** Next hops and attributes, a line each: `via 10.0.0.1 on eth0`, `BGP.as_path: 65001`. */
  readonly details: readonly string[];
}

const ROUTE = 1007;
const HEAD = /^(\S*)\s+(.+?) \[(\S+) ([^\]]*?)(?: from ([^\]\s]+))?\]( \*)?(.*)$/;
const TABLE = /^Table (\S+):$/;
/** Attributes of one route that are kept: a hostile route may have as many communities as fit into 64 kB. */
const DETAIL_LIMIT = 400;

/** Takes the lines of one answer. */
export class RouteReader {
  #table = '';
  #network = '';
  #open: { route: Omit<Route, 'details'>; details: string[] } | undefined;

  /** The route that is complete now that this line has come, if one is. */
  take({ code, text, last }: AnswerLine): Route | undefined {
    if (text.startsWith('\t')) {
      this.#detail(text);
      return last ? this.finish() : undefined;
    }
    const table = TABLE.exec(text);
    if (table) this.#table = table[1]!;
    const match = code === ROUTE && !table ? HEAD.exec(text) : null;
    if (!match) return last || table ? this.finish() : undefined;
    const done = this.finish();
    const [, network = '', destination = '', protocol = '', since = '', from = '', star, info = ''] = match;
    if (network !== '') this.#network = network;
    this.#open = {
      route: {
        network: this.#network,
        table: this.#table,
        protocol,
        since,
        from,
        best: star !== undefined,
        info: info.trim(),
        destination,
      },
      details: [],
    };
    return done;
  }

  #detail(text: string): void {
    const details = this.#open?.details;
    if (!details) return;
    // A second tab goes on with the attribute before.
    if (text.startsWith('\t\t') && details.length > 0) details.push(`${details.pop()!} ${text.trim()}`);
    else if (details.length < DETAIL_LIMIT) details.push(text.trim());
  }

  /** The last route, when nothing comes any more. */
  finish(): Route | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open && { ...open.route, details: open.details };
  }
}

/** The value of an attribute by BIRD 2's name (`as_path`), whatever the dialect calls it; empty where there is none. */
export function attributeOf({ details }: Route, name: string): string {
  const other = name === 'as_path' ? 'path' : name;
  for (const detail of details) {
    const at = detail.indexOf(':');
    const label = detail.slice(0, at);
    if (at > 0 && (label === `BGP.${name}` || label === `bgp_${other}`)) return detail.slice(at + 1).trim();
  }
  return '';
}

/** The next hop: the attribute, or where the route leads. */
export function nextHopOf(route: Route): string {
  const attribute = attributeOf(route, 'next_hop').split(' ')[0]!;
  if (attribute !== '') return attribute;
  const via = route.details.find((detail) => detail.startsWith('via '))?.split(' ')[1];
  return via ?? route.destination.replace(/^via (\S+).*/, '$1');
}

/** An ask for `show route`, from what a person typed. */
export function routeArguments(typed: string): string {
  const [first = '', ...rest] = typed.trim().split(/\s+/);
  const more = rest.length === 0 ? '' : ` ${rest.join(' ')}`;
  if (/^=[\da-fA-F.:]+\/\d+$/.test(first)) return first.slice(1) + more;
  if (/^[\da-fA-F.:]*[.:][\da-fA-F.:]*\/\d+$/.test(first)) return `in ${first}${more}`;
  if (/^[\da-fA-F.:]*[.:][\da-fA-F.:]*$/.test(first)) return `for ${first}${more}`;
  return first + more;
}
