/** A client of a BIRD control socket: many commands, one after the other, on one connection. */
import { createConnection, type Socket } from 'node:net';

/** The last line of an answer: its code is followed by a blank, not by a dash. */
const LAST_LINE = /(?:^|\n)\d{4} [^\n]*\n$/;

export class ControlClient {
  readonly #socket: Socket;
  #text = '';
  #waiting: { readonly done: (text: string) => void; readonly failed: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      this.#text += piece;
      if (!LAST_LINE.test(this.#text)) return;
      const text = this.#text;
      this.#text = '';
      this.#waiting?.done(text);
    });
    const fail = (error: Error): void => this.#waiting?.failed(error);
    socket.on('error', fail);
    socket.on('close', () => {
      fail(new Error('the daemon closed the control socket'));
    });
  }

  /** Connects and reads the greeting. */
  static async connect(path: string): Promise<ControlClient> {
    const client = new ControlClient(createConnection(path));
    await client.#answer();
    return client;
  }

  /** The whole answer to a command, reply codes included. Rejects where the daemon goes away. */
  async ask(command: string): Promise<string> {
    this.#socket.write(`${command}\n`);
    return await this.#answer();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #answer(): Promise<string> {
    return await new Promise((done, failed) => {
      this.#waiting = { done, failed };
    });
  }
}
