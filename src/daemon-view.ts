/** The daemon as the control socket sees it. */
import type { Clock } from './base/clock.ts';
import type {
  ConfigureRequest,
  ConfigureResult,
  DaemonView,
  MemoryRow,
  ProtocolAction,
  ProtocolActionResult,
  RouteQuery,
  RouteView,
  StatusView,
} from './birdcl-compat/cli/daemon-view.ts';
import { oneLine, type Diagnostic } from './birdcl-compat/conf/diagnostics.ts';
import type { LoadResult } from './birdcl-compat/conf/load.ts';
import type { DaemonConfig, LogClass } from './birdcl-compat/conf/lowered.ts';
import type { AttrStore } from './rib/attrs/store.ts';
import type { Timer } from './base/clock.ts';
import type { Daemon, LogLevel } from './daemon.ts';
import { describeBug } from './daemon-events.ts';
import { protocolViews } from './daemon-protocols.ts';
import { walkRoutes } from './daemon-routes.ts';

export interface DaemonViewOptions {
  readonly daemon: Daemon;
  readonly clock: Clock;
  readonly hostname: string;
  /** The configuration that the daemon was started with; the same one is read again by `configure`. */
  readonly path: string;
  readonly load: (path: string) => LoadResult;
  readonly watchLog: DaemonView['watchLog'];
  /** Bytes that the process holds (resident). */
  readonly residentBytes: () => number;
  /** After a new configuration took effect. */
  readonly configured: (config: DaemonConfig) => void;
  /** @param graceful without NOTIFICATIONs, so that neighbours keep the routes */
  readonly shutdown: (graceful: boolean) => void;
  readonly log: (level: LogLevel, text: string) => void;
}

/** BIRD 2's version whose replies these are; some programs read it. */
const VERSION = '2.0.12';

export class ControlView implements DaemonView {
  readonly version = VERSION;
  readonly #options: DaemonViewOptions;
  #shuttingDown = false;
  /** What `configure undo` goes back to. */
  #previous: DaemonConfig | undefined;
  #undoTimer: Timer | undefined;

  constructor(options: DaemonViewOptions) {
    this.#options = options;
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
    return {
      ...(recovery && { gracefulRestart: recovery }),
      routerId: daemon.config.routerId,
      hostname: daemon.config.hostname ?? hostname,
      nowMs: clock.wallTime(),
      bootMs: daemon.startedAt,
      configuredMs: daemon.reconfiguredAt,
      state: this.#shuttingDown ? 'shutting-down' : 'up',
    };
  }

  protocols(): ReturnType<DaemonView['protocols']> {
    return protocolViews(this.#options.daemon);
  }

  routes(query: RouteQuery): Iterable<RouteView | undefined> {
    const { daemon, clock } = this.#options;
    const originMs = clock.wallTime() - clock.now();
    return walkRoutes(daemon.reflector, query, (changedAtS) => originMs + changedAtS * 1000);
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

  configure(request: ConfigureRequest): ConfigureResult {
    if (this.#shuttingDown) return { kind: 'shutting-down' };
    const { path, timeoutS } = request;
    const { config, errors, warnings } = this.#options.load(path ?? this.#options.path);
    if (!config) return { kind: 'failed', errors };
    for (const warning of warnings) this.#options.log('warning', oneLine(warning));
    const before = this.config;
    const result = this.#apply(config, request.soft);
    this.#previous = before;
    this.#undoTimer?.cancel();
    this.#undoTimer =
      timeoutS === undefined
        ? undefined
        : this.#options.clock.setTimer(timeoutS * 1000, () => {
            this.undo();
          });
    return result;
  }

  check(path: string): readonly Diagnostic[] {
    return this.#options.load(path).errors;
  }

  confirm(): ConfigureResult {
    if (!this.#undoTimer) return { kind: 'nothing' };
    this.#undoTimer.cancel();
    this.#undoTimer = undefined;
    return { kind: 'confirmed' };
  }

  undo(): ConfigureResult {
    const previous = this.#previous;
    if (!previous) return { kind: 'nothing' };
    this.#previous = undefined;
    this.#undoTimer?.cancel();
    this.#undoTimer = undefined;
    return this.#apply(previous);
  }

  shutdown(graceful: boolean): void {
    this.#shuttingDown = true;
    this.#options.shutdown(graceful);
  }

  #apply(config: DaemonConfig, soft = false): ConfigureResult {
    const { daemon, configured } = this.#options;
    const finished = daemon.reconfigure(config, soft);
    if (finished === undefined) {
      configured(config);
      return { kind: 'done' };
    }
    void finished.then(() => {
      configured(config);
    });
    return { kind: 'progress' };
  }
}
