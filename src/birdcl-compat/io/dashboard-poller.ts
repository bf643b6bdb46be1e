/** Keeps a dashboard's model up to date from a control socket, through connections that come and go. */
import { FIRST_ERROR } from '../dashboard/answer.ts';
import type { Dashboard, Effect } from '../dashboard/model.ts';
import { RouteReader } from '../dashboard/parse-routes.ts';
import type { RouteWindow } from '../dashboard/route-window.ts';
import { ControlLink } from './control-link.ts';

/** Between two attempts to connect. */
const RETRY_MS = 1000;
/** A daemon is not asked for more than a quarter of the time. */
const REST = 3;
/** An answer that takes longer is spoken of. */
const SLOW_MS = 3000;

export class DashboardPoller {
  readonly #board: Dashboard;
  readonly #intervalMs: number;
  /** The screen is to be drawn again soon. */
  readonly #changed: () => void;
  #link: ControlLink | undefined;
  #echo: ControlLink | undefined;
  #routes: ControlLink | undefined;
  #routesPaused = false;
  #stopped = false;
  #askedAt: number | undefined;
  #wake: () => void = () => undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(board: Dashboard, intervalMs: number, changed: () => void) {
    this.#board = board;
    this.#intervalMs = intervalMs;
    this.#changed = changed;
  }

  /** Connects, asks, and connects again, until `stop`. */
  async run(): Promise<void> {
    this.#ticker = setInterval(() => {
      this.#watchAnswers();
    }, 1000);
    while (!this.#stopped) {
      try {
        await this.#connect();
        while (!this.#stopped) {
          const startedAt = performance.now();
          await this.poll();
          this.#changed();
          const tookMs = performance.now() - startedAt;
          await this.#sleep(Math.max(this.#intervalMs - tookMs, tookMs * REST));
          while (this.#board.paused && !this.#stopped) await this.#sleep(this.#intervalMs);
        }
      } catch (error) {
        this.#disconnect();
        if (this.#stopped) break;
        this.#board.lost(error instanceof Error ? error.message : String(error), timeOfDay());
        this.#changed();
        await this.#sleep(RETRY_MS);
      }
    }
    this.#disconnect();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#ticker);
    this.#disconnect();
    this.#wake();
  }

  /** Connects, for one `poll` or many. Rejects with an error for people. */
  async connect(): Promise<void> {
    this.#link = await ControlLink.open(this.#board.options.socket);
    if (this.#board.options.restricted) await this.#link.ask('restrict');
    // Dates as well as times, so that what is long past has its time too. Daemons without the command have other ways.
    await this.#link.ask('timeformat iso long ms');
    this.#board.connected(timeOfDay());
  }

  async #connect(): Promise<void> {
    await this.connect();
    this.#changed();
    // Without the log there is still all the rest.
    try {
      const { socket } = this.#board.options;
      const echo = await ControlLink.open(socket, (text) => {
        this.#board.takeNotice(timeOfDay(), text);
        this.#changed();
      });
      this.#echo = echo;
      await echo.ask('echo all');
    } catch (error) {
      // Whoever leaves ends this connection too.
      if (this.#stopped) return;
      this.#board.note(timeOfDay(), `no log: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #disconnect(): void {
    this.#askedAt = undefined;
    for (const link of [this.#link, this.#echo, this.#routes]) link?.close();
    this.#link = this.#echo = this.#routes = undefined;
  }

  /** Asks for everything once. */
  async poll(): Promise<void> {
    const link = this.#link!;
    const ask = async (command: string): ReturnType<ControlLink['ask']> => {
      this.#askedAt = performance.now();
      const lines = await link.ask(command);
      this.#askedAt = undefined;
      this.#board.waitingS = 0;
      return lines;
    };
    this.#board.takeStatus(await ask('show status'));
    this.#board.takeProtocols(await ask('show protocols all'), performance.now(), timeOfDay());
    const groups = await ask('show status groups');
    const known = (groups.at(-1)?.code ?? 0) < FIRST_ERROR && !groups.some(({ code }) => code === STATUS);
    this.#board.takeGroups(known ? groups : undefined);
  }

  #watchAnswers(): void {
    const waitedMs = this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt;
    const waitingS = waitedMs < SLOW_MS ? 0 : Math.floor(waitedMs / 1000);
    if (waitingS === this.#board.waitingS) return;
    this.#board.waitingS = waitingS;
    this.#changed();
  }

  /** Does what a key asked for, unless it is about the terminal. */
  perform(effect: Extract<Effect, { type: 'command' | 'routes' }>): void {
    if (effect.type === 'command') void this.#command(effect.command);
    else void this.#showRoutes(`show route ${effect.arguments === '' ? '' : `${effect.arguments} `}all`);
  }

  async #command(command: string): Promise<void> {
    const link = this.#link;
    if (!link) return;
    try {
      this.#board.note(timeOfDay(), `sent: ${command}`);
      this.#board.answered(await link.ask(command), timeOfDay());
      // What became of it is seen at once.
      this.#wake();
    } catch {
      // The connection is lost, which is said elsewhere.
    }
    this.#changed();
  }

  async #showRoutes(command: string): Promise<void> {
    const window = this.#board.routes!;
    this.#routes?.close();
    this.#routes = undefined;
    const reader = new RouteReader();
    try {
      const link = await ControlLink.open(this.#board.options.socket);
      // Another question came meanwhile.
      if (this.#board.routes !== window || this.#stopped) {
        link.close();
        return;
      }
      this.#routes = link;
      this.#routesPaused = false;
      await link.stream(command, (line) => {
        if (this.#board.routes !== window) return;
        const route = reader.take(line);
        if (route) this.#board.takeRoute(route);
        if (line.last && line.code > 0) window.remark = line.text;
        this.wantRoutes();
        this.#changed();
      });
      link.close();
    } catch (error) {
      if (this.#board.routes === window)
        window.remark = error instanceof Error ? error.message : String(error);
    }
    if (this.#board.routes === window) {
      this.#routes = undefined;
      window.complete = true;
      this.#changed();
    }
  }

  /** Reads on, or stops reading, as far as somebody looks. */
  wantRoutes(): void {
    const window: RouteWindow | undefined = this.#board.routes;
    if (!window || !this.#routes) return;
    const wanted = window.wantsMore(this.#board.routeList.selected);
    if (wanted === !this.#routesPaused) return;
    this.#routesPaused = !wanted;
    if (wanted) this.#routes.resume();
    else this.#routes.pause();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Code of the last line of `show status`: a daemon that does not look at what stands behind it. */
const STATUS = 13;

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}
