/**
 * Where routes come from: one source a session and family, or a static protocol. Paths name their source by
 * number; what decisions read of it lies in columns.
 */
import { nextCapacity, widened, type Column } from '../base/columns.ts';
import type { IpAddress } from '../base/ip.ts';
import type { SourceInfo } from './policy.ts';

/** BIRD's per-protocol switches of the decision process, as bits. */
export const DECISION = {
  /** `path metric`: compare AS path lengths. On by default. */
  pathMetric: 1,
  /** `igp metric`: compare IGP metrics to next hops. On by default. */
  igpMetric: 2,
  /** `med metric`: compare MED whatever the neighbouring AS. */
  medMetric: 4,
  /** `prefer older`: the older of two external paths wins over the lower router ID. */
  preferOlder: 8,
} as const;

export const DEFAULT_DECISION = DECISION.pathMetric | DECISION.igpMetric;

/**
 * How a source and a target relate for reflection (RFC 4456 section 6); those from `nonClient` on are in the own AS.
 * `confederation` is a neighbour in another member AS of the own confederation (RFC 5065).
 */
export const SOURCE_KIND = { local: 0, external: 1, confederation: 2, nonClient: 3, client: 4 } as const;
export type SourceKind = (typeof SOURCE_KIND)[keyof typeof SOURCE_KIND];

export interface SourceOptions {
  readonly info: SourceInfo;
  readonly kind: SourceKind;
  /** The neighbour's BGP identifier; 0 for local routes. */
  readonly routerId: number;
  readonly address?: IpAddress;
  /** RFC 4456 section 7: the cluster the neighbour belongs to, 0 where it is no client. */
  readonly clusterId: number;
  /** `DECISION` bits. */
  readonly decision?: number;
  /** MED of routes that come without one (BIRD `default bgp_med`). Absent: 0. */
  readonly defaultMed?: number;
  /** The number of the table that the source itself brings its routes to: no pipe leads them back. */
  readonly home?: number;
}

/** Numbers of sources fit 16 bits. */
const MAX_SOURCES = 65535;

export class SourceRegistry {
  kind = new Uint8Array(64);
  routerId = new Uint32Array(64);
  clusterId = new Uint32Array(64);
  decision = new Uint8Array(64);
  defaultMed = new Uint32Array(64);
  /** Sources whose `defaultMed` is not 0. */
  withDefaultMed = 0;
  home = new Uint32Array(64);
  /** Goes up each time a number is given to another source. */
  generation = new Uint32Array(64);
  readonly #options: (SourceOptions | undefined)[] = [undefined];
  #free: number[] = [];

  /** Sources that exist. */
  get size(): number {
    return this.#options.length - 1 - this.#free.length;
  }

  /** One more than the highest number in use. */
  get end(): number {
    return this.#options.length;
  }

  /** Registers a source. Throws where there are 65,535 already, which a session limit keeps from happening. */
  add(options: SourceOptions): number {
    const source = this.#free.pop() ?? this.#options.length;
    if (source > MAX_SOURCES) throw new Error(`more than ${MAX_SOURCES} route sources`);
    if (source >= this.kind.length) this.#grow();
    this.#options[source] = options;
    this.kind[source] = options.kind;
    this.routerId[source] = options.routerId;
    this.clusterId[source] = options.clusterId;
    this.decision[source] = options.decision ?? DEFAULT_DECISION;
    this.defaultMed[source] = options.defaultMed ?? 0;
    if (this.defaultMed[source] !== 0) this.withDefaultMed++;
    this.home[source] = options.home ?? 0;
    return source;
  }

  /** Forgets a source that has no path left. */
  remove(source: number): void {
    this.#options[source] = undefined;
    if (this.defaultMed[source] !== 0) this.withDefaultMed--;
    this.generation[source]!++;
    this.#free.push(source);
  }

  options(source: number): SourceOptions {
    const options = this.#options[source];
    if (!options) throw new Error(`source ${source} does not exist`);
    return options;
  }

  info(source: number): SourceInfo {
    return this.options(source).info;
  }

  #grow(): void {
    const size = nextCapacity(this.kind.length);
    const wider = <T extends Column>(column: T): T => widened(column, size);
    this.kind = wider(this.kind);
    this.routerId = wider(this.routerId);
    this.clusterId = wider(this.clusterId);
    this.decision = wider(this.decision);
    this.defaultMed = wider(this.defaultMed);
    this.home = wider(this.home);
    this.generation = wider(this.generation);
  }
}
