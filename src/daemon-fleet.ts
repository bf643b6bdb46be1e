/** What the daemon tells the fleet: looked at once a second, sent where it differs from what was sent. */
import type { Subscription } from 'rxjs';
import type { Clock, Timer } from './base/clock.ts';
import { formatIp, formatIpv4 } from './base/ip.ts';
import type { RenderedView } from './birdcl-compat/cli/daemon-view.ts';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import type { ConfigurationReport, ConfigurationState, FleetReport } from './confd/fleet/report.ts';
import { MAX_LIST, MAX_TROUBLES } from './confd/fleet/report.ts';
import type { Daemon } from './daemon.ts';

const LOOK_MS = 1000;
/** Routes change all the time: they are counted this often, and with anything that happens to a session. */
const COUNT_MS = 10_000;

export interface FleetReporterOptions {
  readonly clock: Clock;
  readonly rendered: () => RenderedView;
  readonly send: (report: FleetReport) => void;
}

type DaemonReport = Omit<FleetReport, 'configuration'>;

const NOTHING: DaemonReport = {
  as: [],
  addresses: [],
  clusterIds: [],
  sessions: { configured: 0, up: 0, disabled: 0, dynamic: 0, troubles: [] },
  networks: 0,
  routes: 0,
};

export class FleetReporter {
  readonly #options: FleetReporterOptions;
  #daemon: Daemon | undefined;
  #happenings: Subscription | undefined;
  #timer: Timer | undefined;
  #ofDaemon = NOTHING;
  /** Of the clock: when sessions and routes are counted again. */
  #countAt = 0;
  #sent = '';
  /** Our ends of sessions: they stay when the sessions go, so that a member is not written for each. */
  readonly #addresses = new Set<string>();

  constructor(options: FleetReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look();
  }

  /** The daemon runs from now on. */
  attach(daemon: Daemon): void {
    this.#daemon = daemon;
    this.#happenings = daemon.speaker.happenings.subscribe(({ type }) => {
      if (type !== 'packet' && type !== 'fsmState') this.#countAt = 0;
    });
    this.#countAt = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#happenings?.unsubscribe();
  }

  #look(): void {
    const { clock, rendered, send } = this.#options;
    const now = clock.now();
    if (this.#daemon && (now >= this.#countAt || this.#countAt === 0)) {
      this.#countAt = now + COUNT_MS;
      this.#ofDaemon = daemonReport(this.#daemon, this.#addresses);
    }
    const configuration = configurationReport(rendered(), this.#daemon !== undefined);
    const report: FleetReport = { ...this.#ofDaemon, configuration };
    const text = JSON.stringify(report);
    if (text !== this.#sent) {
      this.#sent = text;
      send(report);
    }
    this.#timer = clock.setTimer(LOOK_MS, () => {
      this.#look();
    });
  }
}

/** @param known addresses that sessions have had; those that they have are added */
function daemonReport({ config, speaker, reflector }: Daemon, known: Set<string>): DaemonReport {
  for (const address of speaker.localAddresses(MAX_LIST)) if (known.size < MAX_LIST) known.add(address);
  const { down, ...counts } = speaker.tally(MAX_TROUBLES);
  let networks = 0;
  let routes = 0;
  for (const table of reflector.tables.values()) {
    networks += table.routes;
    routes += table.accepted;
  }
  return {
    ...identity(config, known),
    sessions: {
      ...counts,
      troubles: down.map(({ name, since, lastError, config: { remoteAddress, remoteAs } }) => ({
        name,
        neighbor: formatIp(remoteAddress),
        as: remoteAs,
        sinceMs: since,
        ...(lastError !== undefined && { lastError }),
      })),
    },
    networks,
    routes,
  };
}

/** What neighbours know the daemon by. */
function identity(
  { routerId, protocols }: DaemonConfig,
  known: ReadonlySet<string>,
): Pick<FleetReport, 'routerId' | 'as' | 'addresses' | 'clusterIds'> {
  const as = new Set<number>();
  const addresses = new Set<string>();
  const clusters = new Set<string>();
  for (const protocol of protocols) {
    if (protocol.kind !== 'bgp') continue;
    as.add(protocol.localAs);
    const { session } = protocol;
    const { localAddress } = session.kind === 'single' ? session.config : session.config.template;
    if (localAddress) addresses.add(formatIp(localAddress));
    if (protocol.rrClient) clusters.add(formatIpv4(protocol.clusterId));
  }
  return {
    routerId: formatIpv4(routerId),
    as: [...as],
    addresses: [...addresses.union(known)],
    clusterIds: [...clusters],
  };
}

export function configurationReport(view: RenderedView, isRunning: boolean): ConfigurationReport {
  const { problem, lost, held, inForce } = view;
  return {
    state: stateOf(view, isRunning),
    ...(isRunning && inForce !== undefined && { revision: inForce }),
    seen: view.revision,
    ...(problem && {
      refused: {
        revision: problem.revision,
        reason: problem.publicText,
        keys: problem.keys,
        keyCount: problem.keyCount,
        sinceMs: problem.sinceMs,
      },
    }),
    ...(lost && { lost }),
    ...(held !== undefined && { held: held.because }),
  };
}

function stateOf(view: RenderedView, isRunning: boolean): ConfigurationState {
  if (!isRunning) return 'starting';
  if (view.problem) return 'refused';
  if (view.inForce === undefined || view.held?.waits) return 'held';
  if (view.isLastGood) return 'last good';
  return view.connected ? 'current' : 'unread';
}
