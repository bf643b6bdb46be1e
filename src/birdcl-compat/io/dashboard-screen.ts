/** The terminal of the dashboard, through blessed: what changed is written, keys come as names, sizes as they are. */
import blessed from 'blessed';

export interface ScreenPort {
  readonly key: (name: string) => void;
  readonly resized: () => void;
}

/** What blessed tells of a key. */
interface Key {
  readonly full: string;
  readonly name?: string;
  readonly sequence?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

/** What `@types/blessed` does not know. */
interface Program {
  flush(): void;
  readonly tput: { readonly colors?: number };
}

interface Modes {
  enter(): void;
  leave(): void;
  alloc(): void;
}

/** Between being continued and taking the terminal again. */
const RESUME_MS = 100;

export class DashboardScreen {
  readonly #screen: blessed.Widgets.Screen;
  readonly #box: blessed.Widgets.BoxElement;
  readonly #program: Program;
  #suspended = false;

  constructor(port: ScreenPort, unicode: boolean) {
    this.#screen = blessed.screen({
      smartCSR: false,
      fullUnicode: unicode,
      forceUnicode: unicode,
      warnings: false,
      title: 'catbird top',
    });
    this.#program = this.#screen.program as unknown as Program;
    this.#box = blessed.box({ top: 0, left: 0, width: '100%', height: '100%', wrap: false });
    this.#screen.append(this.#box);
    this.#screen.program.hideCursor();
    this.#screen.on('keypress', (character: string | undefined, key: Key) => {
      // A carriage return comes twice: as `return` and as `enter`.
      if (key.name === 'enter' && key.sequence === '\r') return;
      const isText =
        character !== undefined && key.ctrl !== true && key.meta !== true && /^[^\p{Cc}]$/u.test(character);
      port.key(isText ? character : key.full);
    });
    this.#screen.on('resize', () => {
      port.resized();
    });
  }

  get width(): number {
    return Number(this.#screen.width);
  }

  get height(): number {
    return Number(this.#screen.height);
  }

  get hasColours(): boolean {
    return (this.#program.tput.colors ?? 8) >= 8;
  }

  /** Writes the cells that differ from what is there. */
  draw(content: string): void {
    this.#box.setContent(content);
    if (!this.#suspended) this.#screen.render();
  }

  /** Ctrl-Z: gives the terminal back until the process is continued. */
  suspend(): void {
    const modes = this.#screen as unknown as Modes;
    this.#suspended = true;
    modes.leave();
    this.#program.flush();
    process.stdin.setRawMode(false);
    process.once('SIGCONT', () => {
      // The shell has a word to say first.
      setTimeout(() => {
        this.#suspended = false;
        process.stdin.setRawMode(true);
        modes.enter();
        modes.alloc();
        this.#screen.program.hideCursor();
        this.#screen.render();
      }, RESUME_MS);
    });
    process.kill(process.pid, 'SIGTSTP');
  }

  close(): void {
    this.#screen.destroy();
  }
}
