/** A client of the demo: a feed to each reflector that is started again whenever it ends. */
import type { Clock } from '../../base/clock.ts';
import { IPV4 } from '../../base/family.ts';
import { parseIp } from '../../base/ip.ts';
import type { Random } from '../../base/random.ts';
import { Feed } from '../../feed/feed.ts';
import { MadeUpRoutes } from '../../feed/made-up.ts';
import { feedOptions, sessionConfig } from '../../feed/options.ts';
import { FeedError } from '../../feed/source.ts';
import type { Network } from '../../speaker/transport.ts';
import { DEMO_AS, type Client } from '../fabric.ts';

const FAMILY = { family: IPV4.index, addPathSend: false, extendedNextHop: false };
/** Between two attempts, and how long sessions that come and go are there and away. */
const RETRY_MS = { least: 1000, more: 2000 } as const;
const UP_MS = { least: 10_000, more: 15_000 } as const;
const AWAY_MS = { least: 3000, more: 5000 } as const;
const FOR_EVER = 1_000_000_000;

export interface DemoEnv {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Random;
}

export class DemoFeed {
  readonly #env: DemoEnv;
  readonly #client: Client;
  readonly #to: string;
  #feed: Feed | undefined;
  #stopped = false;
  #wake: () => void = () => undefined;

  /** @param to address and port of a reflector */
  constructor(env: DemoEnv, client: Client, to: string) {
    this.#env = env;
    this.#client = client;
    this.#to = to;
  }

  /** Runs until `stop`. Errors of sessions are what the dashboard is there to show. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const feed = this.#make();
      this.#feed = feed;
      const leave =
        this.#client.behaviour === 'session'
          ? this.#env.clock.setTimer(this.#between(UP_MS), () => {
              feed.stop();
            })
          : undefined;
      let failed = false;
      try {
        await feed.run();
      } catch (error) {
        if (!(error instanceof FeedError)) throw error;
        failed = true;
      }
      leave?.cancel();
      await this.#sleep(this.#between(failed ? RETRY_MS : AWAY_MS));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#feed?.stop();
    this.#wake();
  }

  #make(): Feed {
    const { address, nextHop, routes, firstNetwork, behaviour, rate } = this.#client;
    const options = feedOptions(
      { to: this.#to, as: String(DEMO_AS), 'local-address': address, routes: String(routes) },
      0,
    );
    return new Feed(
      { ...this.#env, report: () => undefined },
      {
        session: sessionConfig(options, [FAMILY]),
        source: new MadeUpRoutes({
          family: IPV4,
          routes,
          sets: Math.ceil(routes / 6),
          seed: firstNetwork,
          first: firstNetwork,
        }),
        nextHop: parseIp(nextHop),
        rate,
        flaps: behaviour === 'routes' ? FOR_EVER : 0,
        once: false,
        withdraw: false,
      },
    );
  }

  #between({ least, more }: { readonly least: number; readonly more: number }): number {
    return least + this.#env.random.below(more);
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#env.clock.setTimer(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
