/** The daemon as the control socket sees it. */
import type { Clock } from './base/clock.ts';
import type {
  CheckResult,
  ConfigureRequest,
  ConfigureResult,
  ConfigureStatus,
  ConfigurationOrigins,
  DaemonView,
  DumpKind,
  ExplainQuery,
  ExplainView,
  InterfaceView,
  MemoryRow,
  ProtocolAction,
  ProtocolActionResult,
  ProtocolView,
  RouteQuery,
  RouteView,
  StatusView,
  TableCounts,
  TableDumpRequest,
  TableDumpRun,
} from './birdcl-compat/cli/daemon-view.ts';
import { oneLine } from './birdcl-compat/conf/diagnostics.ts';
import { dumpLines } from './daemon-dump.ts';
import { explainNetwork } from './daemon-explain.ts';
import type { LoadResult } from './birdcl-compat/conf/load.ts';
import type { DaemonConfig, LogClass, StaticHop } from './birdcl-compat/conf/lowered.ts';
import type { AttrStore } from './rib/attrs/store.ts';
import type { Daemon, LogLevel } from './daemon.ts';
import { Configurations } from './daemon-configurations.ts';
import { describeBug } from './daemon-events.ts';
import { describePlan } from './daemon-plan.ts';
import { GroupNumbers, groupViews } from './daemon-groups.ts';
import { protocolViews } from './daemon-protocols.ts';
import { refusal } from './daemon-rendered.ts';
import type { RenderedConfiguration, RenderedTarget } from './daemon-rendered.ts';
import { walkRoutes } from './daemon-routes.ts';

export interface DaemonViewOptions {
  readonly daemon: Daemon;
  readonly clock: Clock;
  readonly hostname: string;
  /** The configuration that the daemon was started with; the same one is read again by `configure`. */
  readonly path: string;
  readonly load: (path: string) => LoadResult;
  /** Absent where the configuration is from a file. */
  readonly origins?: ConfigurationOrigins | undefined;
  readonly watchLog: DaemonView['watchLog'];
  /** Bytes that the process holds (resident). */
  readonly residentBytes: () => number;
  /** A configuration was read again; it is good, or refused. */
  readonly reloaded?: (good: boolean) => void;
  /** A new configuration is about to take effect. */
  readonly configured: (config: DaemonConfig) => void;
  /** @param graceful without NOTIFICATIONs, so that neighbours keep the routes */
  readonly shutdown: (graceful: boolean) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Where the configuration of the command line is rendered, instead of `load`. */
  readonly rendered?: RenderedConfiguration | undefined;
}

export class ControlView implements DaemonView, RenderedTarget {
  readonly #options: DaemonViewOptions;
  readonly #configurations: Configurations;
  readonly #groupNumbers = new GroupNumbers();
  #shuttingDown = false;
  /** What somebody has done by hand, since when renderings wait. */
  #heldBy: string | undefined;

  constructor(options: DaemonViewOptions) {
    this.#options = options;
    const { clock, log, daemon } = options;
    this.#configurations = new Configurations({
      clock,
      log,
      current: () => daemon.config,
      apply: (config, soft) => {
        options.configured(config);
        return daemon.reconfigure(config, soft);
      },
      undone: () => {
        options.rendered?.displaced();
        if (options.rendered) this.#heldBy = "because the last one was undone; 'configure' goes on with them";
      },
    });
  }

  get waiting(): string | undefined {
    const { daemon, rendered } = this.#options;
    if (daemon.isConfigured) return undefined;
    if (!rendered) return 'The daemon is starting';
    return `There is no configuration yet: waiting for a good one from ${rendered.store}, 'show status' says more`;
  }

  get config(): DaemonConfig {
    return this.#options.daemon.config;
  }

  get attributes(): AttrStore {
    return this.#options.daemon.reflector.store;
  }

  status(): StatusView {
    const { daemon, clock, hostname } = this.#options;
    const { recovery } = daemon;
    const rendered = this.#options.rendered?.view();
    const common = {
      ...(rendered && { rendered }),
      nowMs: clock.wallTime(),
      bootMs: daemon.startedAt,
    };
    if (!daemon.isConfigured)
      return { ...common, hostname, state: this.#shuttingDown ? 'shutting-down' : 'waiting' };
    return {
      ...common,
      ...(recovery && { gracefulRestart: recovery }),
      routerId: daemon.config.routerId,
      hostname: daemon.config.hostname ?? hostname,
      configuredMs: daemon.reconfiguredAt,
      state: this.#shuttingDown
        ? 'shutting-down'
        : this.#configurations.state === 'done'
          ? 'up'
          : 'reconfiguring',
    };
  }

  protocols(isWanted?: (name: string) => boolean): ReturnType<DaemonView['protocols']> {
    const { daemon, origins } = this.#options;
    const views = protocolViews(daemon, isWanted);
    return origins ? withOrigins(views, origins) : views;
  }

  routes(query: RouteQuery): Iterable<RouteView | undefined> {
    const { daemon, clock } = this.#options;
    const originMs = clock.wallTime() - clock.now();
    return walkRoutes(daemon, query, (changedAtS) => originMs + changedAtS * 1000);
  }

  isActiveHop(name: string, hop: StaticHop): boolean {
    const { config, statics } = this.#options.daemon;
    const protocol = config.protocols.find((candidate) => candidate.name === name);
    return protocol?.kind === 'static' && statics.isActive(protocol, hop);
  }

  interfaces(): InterfaceView[] {
    const { interfaces } = this.#options.daemon;
    return (interfaces.current ?? []).map((each) => ({
      interface: each,
      preferred: interfaces.preferred(each),
    }));
  }

  counts(table: string): TableCounts {
    const found = this.#options.daemon.reflector.tables.get(table);
    return { routes: found?.accepted ?? 0, networks: found?.routes ?? 0 };
  }

  explain(query: ExplainQuery): ExplainView | undefined {
    const { daemon, clock } = this.#options;
    const originMs = clock.wallTime() - clock.now();
    return explainNetwork(
      daemon,
      query,
      (changedAtS) => originMs + changedAtS * 1000,
      (_protocol, channel, attrs, route) =>
        daemon.exportDecision(channel.policy.exportPolicy, attrs, route.context),
    );
  }

  setDebug(...args: Parameters<DaemonView['setDebug']>): void {
    this.#options.daemon.setDebug(...args);
  }

  setMrtdump(...[protocol, flags]: Parameters<DaemonView['setMrtdump']>): boolean {
    const { daemon } = this.#options;
    daemon.setMrtdump(protocol, flags);
    return daemon.mrt.hasMessageFile;
  }

  dumpTables(request: TableDumpRequest): TableDumpRun {
    return this.#options.daemon.mrt.dump(request);
  }

  dump(kind: DumpKind): Iterable<string | undefined> {
    const memory = (): MemoryRow[] => this.memory();
    const protocols = (): ReturnType<DaemonView['protocols']> => this.protocols();
    return dumpLines(kind, { daemon: this.#options.daemon, memory, protocols });
  }

  memory(): MemoryRow[] {
    const { reflector } = this.#options.daemon;
    const row = (name: string, effectiveBytes: number): MemoryRow => ({
      name,
      effectiveBytes,
      overheadBytes: 0,
    });
    let tables = 0;
    for (const table of reflector.tables.values()) tables += table.memoryBytes;
    let groups = 0;
    for (const group of reflector.groups.values()) groups += group.memoryBytes;
    return [
      row('Routing tables:', tables),
      row('Route attributes:', reflector.store.memoryBytes),
      row('Update groups:', groups),
      row('Total:', this.#options.residentBytes()),
    ];
  }

  groups(): ReturnType<DaemonView['groups']> {
    return groupViews(this.#options.daemon, this.#groupNumbers);
  }

  watchLog(classes: ReadonlySet<LogClass>, line: (text: string) => void): () => void {
    return this.#options.watchLog(classes, line);
  }

  note(level: LogLevel, text: string): void {
    this.#options.log(level, text);
  }

  reportBug(error: unknown): void {
    this.#options.log('bug', describeBug(error));
  }

  act(action: ProtocolAction, protocol: string, message: string | undefined): ProtocolActionResult {
    return this.#options.daemon.act(action, protocol, message);
  }

  configPath(): string {
    return this.#options.path;
  }

  configure(request: ConfigureRequest): ConfigureResult | Promise<ConfigureResult> {
    const { load, rendered, daemon } = this.#options;
    if (!daemon.isConfigured) return this.#configureFirst(request);
    this.#configurations.forgetPrevious();
    const { path } = request;
    if (rendered && path === undefined) return this.#configureRendered(rendered, request);
    const result = this.#takeResult(load(path ?? this.#options.path), request);
    if (rendered && result.kind !== 'failed' && result.kind !== 'shutting-down') {
      rendered.displaced();
      this.#heldBy = `because ${path} was taken over by hand; 'configure' goes on with them`;
    }
    return result;
  }

  /** Renders anew; what is good is what the daemon starts with. */
  async #configureFirst({ path, timeoutS = 0 }: ConfigureRequest): Promise<ConfigureResult> {
    const { rendered } = this.#options;
    // There is nothing to go back to, and a file is no beginning for what follows keys.
    if (!rendered || path !== undefined || timeoutS > 0)
      return { kind: 'failed', errors: refusal(path ?? this.#options.path, this.waiting!).errors };
    const { config, errors } = await rendered.refresh();
    rendered.concluded(false);
    return config ? { kind: 'progress' } : { kind: 'failed', errors };
  }

  /** Renders anew, and follows the store from then on. */
  async #configureRendered(
    rendered: RenderedConfiguration,
    request: ConfigureRequest,
  ): Promise<ConfigureResult> {
    const loaded = await rendered.refresh();
    const result = this.#takeResult(loaded, request);
    const isTaken = result.kind !== 'failed' && result.kind !== 'shutting-down';
    if (isTaken) this.#heldBy = undefined;
    // With a configuration under way, it is in force when that is done.
    if (isTaken) void this.#configurations.done().then(() => rendered.concluded(true));
    else rendered.concluded(false);
    return result;
  }

  #takeResult(
    { config, errors, warnings }: LoadResult,
    { soft, timeoutS = 0, notice }: ConfigureRequest,
  ): ConfigureResult {
    const { log } = this.#options;
    this.#options.reloaded?.(config !== undefined);
    if (!config) return { kind: 'failed', errors };
    if (this.#shuttingDown) return { kind: 'shutting-down' };
    for (const warning of warnings) log('warning', oneLine(warning));
    const kind = this.#configurations.commit(config, soft, timeoutS, () => {
      notice?.('Config timeout expired, starting undo');
    });
    return { kind };
  }

  get heldBecause(): string | undefined {
    if (this.#shuttingDown) return 'because Catbird is shutting down';
    if (this.#configurations.undoInS !== undefined)
      return "until the present one is confirmed ('configure confirm')";
    return this.#heldBy;
  }

  async takeOver({ config }: LoadResult): Promise<boolean> {
    if (!config || this.#shuttingDown) return false;
    this.#options.reloaded?.(true);
    this.#configurations.commit(config, false, 0, () => undefined);
    await this.#configurations.done();
    return true;
  }

  /** SIGHUP: like `configure`, with the answer in the log. */
  async hangup(): Promise<void> {
    const { log } = this.#options;
    log('info', 'Reconfiguration requested by SIGHUP');
    const result = await this.configure({ soft: false });
    if (result.kind === 'failed') for (const error of result.errors) log('error', oneLine(error));
  }

  check(path: string): CheckResult | Promise<CheckResult> {
    const { load, rendered } = this.#options;
    if (!rendered || path !== this.#options.path) return this.#effects(load(path));
    return rendered.check().then((loaded) => this.#effects(loaded));
  }

  #effects({ config, errors }: LoadResult): CheckResult {
    const { daemon } = this.#options;
    return { errors, effects: config && daemon.isConfigured ? describePlan(daemon.plan(config)) : [] };
  }

  configureStatus(): ConfigureStatus {
    const { state, undoInS } = this.#configurations;
    return {
      state: this.#shuttingDown ? 'shutting-down' : state,
      ...(undoInS !== undefined && { undoInS }),
    };
  }

  confirm(): ConfigureResult {
    const isConfirmed = this.#configurations.confirm();
    if (isConfirmed && this.#heldBy === undefined) this.#options.rendered?.released();
    return { kind: isConfirmed ? 'confirmed' : 'nothing' };
  }

  undo(): ConfigureResult {
    return { kind: this.#shuttingDown ? 'shutting-down' : this.#configurations.undo() };
  }

  shutdown(graceful: boolean): void {
    this.#shuttingDown = true;
    this.#options.shutdown(graceful);
  }
}

function* withOrigins(views: Iterable<ProtocolView>, origins: ConfigurationOrigins): Iterable<ProtocolView> {
  for (const view of views) {
    const origin = origins.explainProtocol(view.name);
    yield origin === undefined ? view : { ...view, origin };
  }
}
