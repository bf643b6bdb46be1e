/** One family of the daemon, as `bird` or `bird6` of BIRD 1.6 would be: its tables, and the protocols that have it. */
import { FAMILIES, type FamilyIndex } from '../../base/family.ts';
import type { AnyProtocolConfig, DaemonConfig } from '../conf/lowered.ts';
import type { DaemonView, ExplainQuery, ProtocolView, RouteQuery, TableCounts } from './daemon-view.ts';

function hasFamily(protocol: AnyProtocolConfig, family: FamilyIndex): boolean {
  switch (protocol.kind) {
    case 'bgp':
      return protocol.channels.some((channel) => channel.family === family);
    case 'static':
    case 'pipe':
      return protocol.channel.family === family;
    case 'direct':
      return protocol.channels.some((channel) => channel.family === family);
    default:
      return protocol.fileFamily === undefined || protocol.fileFamily === family;
  }
}

export class FamilyView implements DaemonView {
  readonly #view: DaemonView;
  readonly #family: FamilyIndex;
  #seen: DaemonConfig | undefined;
  #config: DaemonConfig | undefined;

  constructor(view: DaemonView, family: FamilyIndex) {
    this.#view = view;
    this.#family = family;
  }

  get waiting(): string | undefined {
    return this.#view.waiting;
  }

  get config(): DaemonConfig {
    const { config } = this.#view;
    if (config !== this.#seen || !this.#config) {
      this.#seen = config;
      this.#config = {
        ...config,
        tables: config.tables.filter(({ family }) => family === this.#family),
        protocols: config.protocols.filter((protocol) => hasFamily(protocol, this.#family)),
      };
    }
    return this.#config;
  }

  get attributes(): DaemonView['attributes'] {
    return this.#view.attributes;
  }

  *protocols(isWanted?: (name: string) => boolean): Iterable<ProtocolView> {
    const { name } = FAMILIES[this.#family];
    // Sessions of a range have names that the configuration does not know.
    const foreign = new Set(
      this.#view.config.protocols
        .filter((protocol) => !hasFamily(protocol, this.#family))
        .map((own) => own.name),
    );
    for (const protocol of this.#view.protocols(isWanted)) {
      if (foreign.has(protocol.name)) continue;
      const channels = protocol.channels.filter((channel) => channel.name === name);
      if (protocol.channels.length > 0 && channels.length === 0) continue;
      yield { ...protocol, channels };
    }
  }

  #knows(table: string): boolean {
    return this.config.tables.some(({ name }) => name === table);
  }

  isActiveHop(...args: Parameters<DaemonView['isActiveHop']>): boolean {
    return this.#view.isActiveHop(...args);
  }

  interfaces(): ReturnType<DaemonView['interfaces']> {
    return this.#view.interfaces();
  }

  routes(query: RouteQuery): ReturnType<DaemonView['routes']> {
    return this.#knows(query.table) ? this.#view.routes(query) : [];
  }

  counts(table: string): TableCounts {
    return this.#knows(table) ? this.#view.counts(table) : { routes: 0, networks: 0 };
  }

  explain(query: ExplainQuery): ReturnType<DaemonView['explain']> {
    return this.#knows(query.table) ? this.#view.explain(query) : undefined;
  }

  status(): ReturnType<DaemonView['status']> {
    return this.#view.status();
  }

  memory(): ReturnType<DaemonView['memory']> {
    return this.#view.memory();
  }

  groups(): ReturnType<DaemonView['groups']> {
    return this.#view.groups().filter(({ table }) => this.#knows(table));
  }

  note(...args: Parameters<DaemonView['note']>): void {
    this.#view.note(...args);
  }

  watchLog(...args: Parameters<DaemonView['watchLog']>): () => void {
    return this.#view.watchLog(...args);
  }

  setDebug(...args: Parameters<DaemonView['setDebug']>): void {
    this.#view.setDebug(...args);
  }

  setMrtdump(...args: Parameters<DaemonView['setMrtdump']>): boolean {
    return this.#view.setMrtdump(...args);
  }

  dumpTables(...args: Parameters<DaemonView['dumpTables']>): ReturnType<DaemonView['dumpTables']> {
    return this.#view.dumpTables(...args);
  }

  dump(...args: Parameters<DaemonView['dump']>): ReturnType<DaemonView['dump']> {
    return this.#view.dump(...args);
  }

  act(...args: Parameters<DaemonView['act']>): ReturnType<DaemonView['act']> {
    return this.#view.act(...args);
  }

  reportBug(error: unknown): void {
    this.#view.reportBug(error);
  }

  configPath(): string {
    return this.#view.configPath();
  }

  configure(...args: Parameters<DaemonView['configure']>): ReturnType<DaemonView['configure']> {
    return this.#view.configure(...args);
  }

  check(path: string): ReturnType<DaemonView['check']> {
    return this.#view.check(path);
  }

  configureStatus(): ReturnType<DaemonView['configureStatus']> {
    return this.#view.configureStatus();
  }

  confirm(): ReturnType<DaemonView['confirm']> {
    return this.#view.confirm();
  }

  undo(): ReturnType<DaemonView['undo']> {
    return this.#view.undo();
  }

  shutdown(graceful: boolean): void {
    this.#view.shutdown(graceful);
  }
}
