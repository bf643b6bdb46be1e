/** MRT dumps (RFC 6396): what sessions receive, tables on request, and tables every so often (`protocol mrt`). */
import type { Clock, Timer } from './base/clock.ts';
import { findNeighbour, type HostInterface } from './base/interfaces.ts';
import { strftime } from './birdcl-compat/cli/time.ts';
import type { TableDumpRequest, TableDumpRun } from './birdcl-compat/cli/daemon-view.ts';
import type { DaemonConfig, MrtdumpFlags, MrtProtocolConfig } from './birdcl-compat/conf/lowered.ts';
import { matchesPattern } from './birdcl-compat/conf/router-id.ts';
import type { InterfaceWatch } from './daemon-interfaces.ts';
import type { PolicyBook } from './daemon-policies.ts';
import type { LogLevel } from './daemon.ts';
import { writeMessage, writeStateChange } from './mrt/bgp4mp.ts';
import { MessageDump } from './mrt/message-dump.ts';
import type { RecordFiles } from './mrt/record-file.ts';
import { TableDump, type DumpTarget } from './mrt/table-dump.ts';
import { TableWalk, type DumpedPeer } from './mrt/table-walk.ts';
import type { Policy } from './rib/policy.ts';
import type { Reflector } from './reflector/reflector.ts';
import type { SessionConfig } from './speaker/config.ts';
import type { SessionRecorder } from './speaker/session-recorder.ts';
import type { Speaker } from './speaker/speaker.ts';

export interface MrtDumpsOptions {
  readonly clock: Clock;
  /** Absent where there are none: then every dump fails. */
  readonly files: RecordFiles | undefined;
  readonly reflector: Reflector;
  readonly speaker: () => Speaker;
  readonly filters: PolicyBook;
  readonly interfaces: InterfaceWatch;
  readonly config: () => DaemonConfig;
  /** Whether a protocol logs its events. */
  readonly traces: (protocol: string) => boolean;
  readonly log: (level: LogLevel, text: string) => void;
}

/** A table, and what a file calls it. */
interface NamedTable {
  readonly name: string;
  readonly shown: string;
}

interface RunningProtocol {
  config: MrtProtocolConfig;
  /** Clock time of the next dump; undefined once the protocol is to end. */
  nextAt: number | undefined;
  timer: Timer;
  dump: TableDump | undefined;
}

/** A record of a session besides its message. */
const RECORD_OVERHEAD = 64;
/** Longest path of Linux, with the end of its text. */
const PATH_MAX = 4096;
const NO_FILES: RecordFiles = {
  open: () => Promise.reject(new Error('There are no files')),
};

export class MrtDumps {
  readonly #options: MrtDumpsOptions;
  readonly #files: RecordFiles;
  #messages: MessageDump | undefined;
  /** Files of configurations before, on their way out. */
  readonly #closing = new Set<Promise<void>>();
  /** `mrtdump` flags by protocol. */
  readonly #flags = new Map<string, MrtdumpFlags>();
  readonly #protocols = new Map<string, RunningProtocol>();

  constructor(options: MrtDumpsOptions) {
    this.#options = options;
    this.#files = options.files ?? NO_FILES;
  }

  /**
   * Takes over file and flags of a configuration; the file is opened anew, so that it may be moved away before.
   * @returns whether somebody's record is kept now, or was before
   */
  configure(next: DaemonConfig): boolean {
    const wasRecording = this.#isRecording;
    this.#configure(next);
    return wasRecording || this.#isRecording;
  }

  get #isRecording(): boolean {
    return this.#messages !== undefined && this.#flags.size > 0;
  }

  #configure({ mrtdumpFile, protocols }: DaemonConfig): void {
    this.#flags.clear();
    for (const protocol of protocols)
      if (protocol.kind === 'bgp' && protocol.mrtdump.size > 0)
        this.#flags.set(protocol.name, protocol.mrtdump);
    if (this.#messages && this.#messages.path === mrtdumpFile) {
      this.#messages.reopen();
      return;
    }
    this.#closeMessages();
    if (mrtdumpFile === undefined) return;
    const { clock, log } = this.#options;
    this.#messages = new MessageDump({ clock, log, files: this.#files, path: mrtdumpFile });
  }

  #closeMessages(): void {
    const closing = this.#messages?.close();
    this.#messages = undefined;
    if (!closing) return;
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  /** Whether there is a file for what flags ask for. */
  get hasMessageFile(): boolean {
    return this.#messages !== undefined;
  }

  /** What of a protocol is dumped from now on, until the next configuration. */
  setFlags(protocol: string, flags: MrtdumpFlags): void {
    this.#flags.set(protocol, flags);
  }

  /** Who keeps the record of a session; undefined where nobody does. Those of a range have its flags. */
  recorderOf(session: string, range: string | undefined): SessionRecorder | undefined {
    const flags = this.#flags.get(session) ?? (range === undefined ? undefined : this.#flags.get(range));
    const messages = this.#messages;
    if (!messages || !flags || flags.size === 0) return undefined;
    const { clock } = this.#options;
    const indexOf = this.#interfaceIndexes();
    const seconds = (): number => Math.floor(clock.wallTime() / 1000);
    return {
      ...(flags.has('messages') && {
        message: (config, connection, bytes, start, end) => {
          const out = messages.room(RECORD_OVERHEAD + end - start);
          if (out) writeMessage(out, config, connection, indexOf(config), seconds(), bytes, start, end);
        },
      }),
      ...(flags.has('states') && {
        state: (config, connection, from, to) => {
          const out = messages.room(RECORD_OVERHEAD);
          if (out)
            writeStateChange(out, config, connection, indexOf(config), { from, to, seconds: seconds() });
        },
      }),
    };
  }

  /** The index of the interface over which a neighbour is reached directly; 0 where that is not so, or not known. */
  #interfaceIndexes(): (config: SessionConfig) => number {
    const { interfaces } = this.#options;
    let known: readonly HostInterface[] | undefined;
    let index = 0;
    return ({ multihop, remoteAddress, interface: name }) => {
      const { current } = interfaces;
      if (current === known) return index;
      known = current;
      const query = {
        address: remoteAddress,
        ...(name !== undefined && { interface: name }),
        onlink: false,
      };
      const found = current && multihop === undefined ? findNeighbour(current, query) : undefined;
      index = found?.index ?? 0;
      return index;
    };
  }

  /** `mrt dump` of tables; what fails is told by `failed`. */
  dump(request: TableDumpRequest): TableDumpRun {
    const { tables, path, policy, failed } = request;
    return this.#dump(tables, path, policy, false, failed);
  }

  #dump(
    tables: readonly NamedTable[],
    path: string,
    policy: Policy | undefined,
    alwaysAddPath: boolean,
    failed: (text: string) => void,
  ): TableDump {
    const { clock } = this.#options;
    const targets = this.#targets(tables, path, policy, alwaysAddPath, failed);
    return new TableDump({ clock, files: this.#files, targets, failed });
  }

  /** The tables that are there when their turn comes, with the names that their files have then. */
  *#targets(
    tables: readonly NamedTable[],
    path: string,
    policy: Policy | undefined,
    alwaysAddPath: boolean,
    failed: (text: string) => void,
  ): Iterable<DumpTarget> {
    const { clock, reflector, config } = this.#options;
    for (const { name, shown } of tables) {
      const table = reflector.tables.get(name);
      if (!table) continue;
      const target = strftime(path.replaceAll('%N', shown), new Date(clock.wallTime()));
      if (target === '' || Buffer.byteLength(target) >= PATH_MAX) {
        failed(`Invalid filename '${path.slice(0, 200)}'`);
        continue;
      }
      yield {
        path: target,
        walk: () => {
          const originMs = clock.wallTime() - clock.now();
          return new TableWalk({
            table,
            viewName: shown,
            routerId: config().routerId,
            peers: this.#peers(),
            ...(policy && { policy }),
            alwaysAddPath,
            seconds: () => Math.floor(clock.wallTime() / 1000),
            changedSeconds: (changedAt) => Math.floor(originMs / 1000 + changedAt),
            now: () => clock.now(),
          });
        },
      };
    }
  }

  /** BGP protocols that are not down, in the order of the configuration; sessions of a range follow it. */
  #peers(): DumpedPeer[] {
    const speaker = this.#options.speaker();
    const peers: DumpedPeer[] = [];
    const add = (name: string): void => {
      const neighbor = speaker.neighborOf(name);
      if (neighbor) peers.push({ name, ...neighbor });
    };
    for (const protocol of this.#options.config().protocols) {
      const { kind, name } = protocol;
      if (kind !== 'bgp' || !speaker.isEnabled(name)) continue;
      if (protocol.session.kind === 'single') {
        add(name);
        continue;
      }
      const as = typeof protocol.remoteAs === 'number' ? protocol.remoteAs : 0;
      peers.push({ name, routerId: 0, as, address: undefined });
      for (const session of speaker.namesInRange(name)) add(session);
    }
    return peers;
  }

  /** Whether the protocol is up, or will be by itself. */
  isRunning(name: string): boolean {
    return this.#protocols.get(name)?.nextAt !== undefined;
  }

  /** BIRD's words: one that is to end finishes the dump that it has begun. */
  stateOf(name: string): 'up' | 'stop' | 'down' {
    const running = this.#protocols.get(name);
    return running === undefined ? 'down' : running.nextAt === undefined ? 'stop' : 'up';
  }

  /** The first dump is a period away. */
  start(config: MrtProtocolConfig): void {
    const known = this.#protocols.get(config.name);
    const dump = known?.dump;
    known?.timer.cancel();
    const running: RunningProtocol = { config, nextAt: 0, timer: { cancel: () => undefined }, dump };
    this.#protocols.set(config.name, running);
    if (dump) this.#watch(running, dump);
    this.#arm(running, this.#options.clock.now() + config.periodS * 1000);
  }

  /** A dump that is under way is finished. */
  stop(name: string): void {
    const running = this.#protocols.get(name);
    if (!running) return;
    running.timer.cancel();
    running.nextAt = undefined;
    if (!running.dump) this.#protocols.delete(name);
  }

  /** Counts from the next dump on; another period counts from the last one. */
  reconfigure(config: MrtProtocolConfig): void {
    const running = this.#protocols.get(config.name);
    if (running?.nextAt === undefined) return;
    const { periodS } = running.config;
    running.config = config;
    if (periodS === config.periodS) return;
    const { traces, log, clock } = this.#options;
    if (traces(config.name))
      log('trace', `${config.name}: Changing period from ${periodS} to ${config.periodS} s`);
    this.#arm(running, Math.max(clock.now(), running.nextAt + (config.periodS - periodS) * 1000));
  }

  #arm(running: RunningProtocol, at: number): void {
    const { clock } = this.#options;
    running.timer.cancel();
    running.nextAt = at;
    running.timer = clock.setTimer(at - clock.now(), () => {
      this.#due(running);
      const periodMs = running.config.periodS * 1000;
      // One that was held up for long does not make up for what it has missed.
      this.#arm(running, Math.max(at, clock.now() - periodMs) + periodMs);
    });
  }

  #due(running: RunningProtocol): void {
    const { log, traces, filters } = this.#options;
    const { config } = running;
    const { name, filter, filename, alwaysAddPath } = config;
    if (running.dump) {
      log('warning', `${name}: Earlier RIB table dump still not finished, skipping next one`);
      return;
    }
    if (traces(name)) log('trace', `${name}: RIB table dump started`);
    const policy = filter && filters.policy(filter);
    const dump = this.#dump(this.#tablesOf(config), filename, policy, alwaysAddPath, (text) => {
      log('error', `${name}: ${text}`);
    });
    running.dump = dump;
    this.#watch(running, dump);
    void dump.done.then(() => {
      if (traces(name)) log('trace', `${name}: RIB table dump done`);
    });
  }

  #watch(running: RunningProtocol, dump: TableDump): void {
    void dump.done.then(() => {
      if (running.dump === dump) running.dump = undefined;
      const { name } = running.config;
      if (running.nextAt === undefined && this.#protocols.get(name) === running) this.#protocols.delete(name);
    });
  }

  /** BIRD 1.6 has tables of one family, and calls the first one `master`. */
  #tablesOf({ table: wanted, fileFamily }: MrtProtocolConfig): NamedTable[] {
    return this.#options
      .config()
      .tables.filter(({ family }) => fileFamily === undefined || family === fileFamily)
      .map(({ name }) => ({ name, shown: fileFamily !== undefined && isDefault(name) ? 'master' : name }))
      .filter(({ name, shown }) =>
        'name' in wanted ? name === wanted.name : matchesPattern(wanted.pattern, shown),
      );
  }

  /** Ends all dumps; resolves when what was to be written is. */
  async close(): Promise<void> {
    const dumps = [...this.#protocols.values()].flatMap(({ timer, dump }) => {
      timer.cancel();
      dump?.cancel();
      return dump ? [dump.done] : [];
    });
    this.#protocols.clear();
    this.#closeMessages();
    await Promise.all([...dumps, ...this.#closing]);
  }
}

function isDefault(table: string): boolean {
  return table === 'master4' || table === 'master6';
}
