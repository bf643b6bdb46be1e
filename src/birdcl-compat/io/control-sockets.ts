/** All control sockets of a daemon: those of its command line, and those of `cli` in the configuration. */
import type { DaemonView } from '../cli/daemon-view.ts';
import { DEFAULT_DIALECT, type SocketSpec } from '../cli/dialect.ts';
import type { CliSocketConfig } from '../conf/lowered.ts';
import { openControlSocket, type ControlSocket } from './control-socket.ts';

export class ControlSockets {
  readonly #view: DaemonView;
  readonly #report: (text: string) => void;
  readonly #own: ControlSocket[] = [];
  /** Of the configuration, by path; those that are being opened too. */
  readonly #configured = new Map<
    string,
    { config: CliSocketConfig; opened: Promise<ControlSocket | undefined> }
  >();
  #closed = false;

  /** @param report takes what goes wrong with sockets of the configuration */
  constructor(view: DaemonView, report: (text: string) => void) {
    this.#view = view;
    this.#report = report;
  }

  /** Opens a socket of the command line. Rejects where that cannot be. */
  async open({ path, dialect }: SocketSpec): Promise<void> {
    this.#own.push(await openControlSocket(path, this.#view, dialect));
  }

  /** Sets how a socket of the command line, which is open, answers connections from now on. */
  setDialect({ path, dialect }: SocketSpec): void {
    for (const socket of this.#own) if (socket.path === path) socket.dialect = dialect;
  }

  /** Opens and closes sockets of the configuration; one that cannot be opened is reported, and the others stay. */
  configure(wanted: readonly CliSocketConfig[]): Promise<void> {
    const same = (a: CliSocketConfig, b: CliSocketConfig): boolean =>
      a.restrict === b.restrict && a.v2Attributes === b.v2Attributes;
    const closing: Promise<unknown>[] = [];
    for (const [path, { config, opened }] of this.#configured) {
      if (wanted.some((other) => other.path === path && same(other, config))) continue;
      this.#configured.delete(path);
      closing.push(opened.then((socket) => socket?.close()));
    }
    const before = Promise.all(closing);
    for (const config of wanted) {
      if (this.#configured.has(config.path)) continue;
      this.#configured.set(config.path, { config, opened: before.then(() => this.#openConfigured(config)) });
    }
    const opening = [...this.#configured.values()].map(({ opened }) => opened);
    return Promise.all([before, ...opening]).then(() => undefined);
  }

  async #openConfigured({
    path,
    restrict,
    v2Attributes,
  }: CliSocketConfig): Promise<ControlSocket | undefined> {
    if (this.#own.some((socket) => socket.path === path)) {
      this.#report(`cli "${path}": the command line has this control socket already`);
      return undefined;
    }
    try {
      const dialect = { ...DEFAULT_DIALECT, restricted: restrict, newNames: !v2Attributes };
      const socket = await openControlSocket(path, this.#view, dialect);
      if (!this.#closed) return socket;
      socket.close();
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#own) socket.close();
    for (const { opened } of this.#configured.values()) void opened.then((socket) => socket?.close());
  }
}
