/** The dashboard on a terminal, and one frame of it on paper. */
import { pressKey } from '../dashboard/keys.ts';
import { Dashboard, type Effect, type VIEWS } from '../dashboard/model.ts';
import { ansi, plainText } from '../dashboard/text.ts';
import { printed, render } from '../dashboard/view.ts';
import { DashboardPoller } from './dashboard-poller.ts';
import type { DashboardScreen } from './dashboard-screen.ts';

export interface DashboardSettings {
  readonly socket: string;
  readonly restricted: boolean;
  readonly intervalMs: number;
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly view: (typeof VIEWS)[number];
}

/** Least time between two frames that no key asked for. */
const FRAME_MS = 50;

export class DashboardSession {
  readonly #board: Dashboard;
  readonly #poller: DashboardPoller;
  readonly #settings: DashboardSettings;
  #screen: DashboardScreen | undefined;
  #frame: NodeJS.Timeout | undefined;
  #leave: () => void = () => undefined;

  constructor(settings: DashboardSettings) {
    this.#settings = settings;
    this.#board = new Dashboard(settings);
    this.#poller = new DashboardPoller(this.#board, settings.intervalMs, () => {
      this.#drawSoon();
    });
  }

  /** Shows the dashboard on the terminal of the process until a key, or `stop`, ends it. */
  async run(): Promise<void> {
    // Loaded here, so that nothing else waits for it.
    const { DashboardScreen } = await import('./dashboard-screen.ts');
    const left = new Promise<void>((resolve) => {
      this.#leave = resolve;
    });
    const screen = new DashboardScreen(
      {
        key: (name) => {
          this.#key(name);
        },
        resized: () => {
          this.#board.resize(screen.width, screen.height);
          this.#draw();
        },
      },
      this.#settings.unicode,
    );
    this.#screen = screen;
    try {
      this.#board.resize(screen.width, screen.height);
      this.#key(String(['sessions', 'groups', 'routes', 'log'].indexOf(this.#settings.view) + 1));
      const polling = this.#poller.run();
      await left;
      this.#poller.stop();
      await polling;
    } finally {
      clearTimeout(this.#frame);
      this.#screen = undefined;
      screen.close();
    }
  }

  stop(): void {
    this.#leave();
  }

  #key(name: string): void {
    const effect = pressKey(this.#board, name);
    if (effect) this.#perform(effect);
    this.#poller.wantRoutes();
    this.#draw();
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'quit':
        this.stop();
        break;
      case 'suspend':
        this.#screen?.suspend();
        break;
      case 'command':
      case 'routes':
        this.#poller.perform(effect);
        break;
      default:
        effect satisfies never;
    }
  }

  #drawSoon(): void {
    this.#frame ??= setTimeout(() => {
      this.#draw();
    }, FRAME_MS);
  }

  #draw(): void {
    clearTimeout(this.#frame);
    this.#frame = undefined;
    const screen = this.#screen;
    screen?.draw(ansi(render(this.#board), this.#settings.colour && screen.hasColours));
  }
}

/** One frame as text, `width` columns wide and as long as it takes. Rejects with an error for people. */
export async function printDashboard(settings: DashboardSettings, width: number): Promise<string> {
  const board = new Dashboard(settings);
  board.view = settings.view;
  const poller = new DashboardPoller(board, settings.intervalMs, () => undefined);
  try {
    await poller.connect();
    await poller.poll();
    board.resize(width, Number.MAX_SAFE_INTEGER);
    // Nobody moves on paper, so nothing is selected.
    board.sessionList.selected = board.groupList.selected = -1;
    return plainText(printed(board));
  } finally {
    poller.stop();
  }
}
