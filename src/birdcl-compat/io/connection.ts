/** A connection to a control socket: one command at a time, answers line by line, no faster than they are taken. */
import { createConnection, type Socket } from 'node:net';
import { ReplyReader, type ClientLine } from '../client/replies.ts';

/** Why there is no connection, in words for whoever called the client. */
export class ConnectionError extends Error {}

const REASON: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Permission denied',
  ECONNREFUSED: 'Connection refused: nobody listens there any more',
  ENOTSOCK: 'Not a socket',
};

interface Question {
  readonly take: (line: ClientLine) => void;
  readonly done: (code: number) => void;
  readonly failed: (error: ConnectionError) => void;
}

export class ControlConnection {
  /** Takes lines that are no part of an answer. */
  notice: (line: ClientLine) => void = () => undefined;
  /** Told once where the daemon goes away while nothing is asked. */
  lost: (error: ConnectionError) => void = () => undefined;
  readonly #path: string;
  readonly #socket: Socket;
  readonly #replies: ReplyReader;
  /** Lines that were read and not taken yet. */
  #lines: ClientLine[] = [];
  #paused = false;
  #question: Question | undefined;
  #error: ConnectionError | undefined;
  #connected = false;
  #closed = false;

  private constructor(path: string, verbose: boolean) {
    this.#path = path;
    this.#replies = new ReplyReader(verbose);
    this.#socket = createConnection(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('connect', () => (this.#connected = true));
    this.#socket.on('data', (text: string) => {
      this.#lines.push(...this.#replies.read(text));
      this.#deliver();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      const reason = REASON[error.code ?? ''] ?? error.message;
      this.#fail(
        this.#connected
          ? `Connection to ${this.#path} lost: ${reason}`
          : `Unable to connect to server control socket (${this.#path}): ${reason}`,
      );
    });
    this.#socket.on('close', () => this.#fail('Connection closed by server'));
  }

  /**
   * Connects and reads the greeting. Rejects with a `ConnectionError`.
   * @param verbose lines are shown with their codes
   * @param take gets the greeting
   */
  static async open(
    path: string,
    verbose: boolean,
    take: (line: ClientLine) => void,
  ): Promise<ControlConnection> {
    const connection = new ControlConnection(path, verbose);
    await connection.#answer(take);
    return connection;
  }

  /** Sends a command. Resolves with the code of the answer's last line; rejects with a `ConnectionError`. */
  async ask(command: string, take: (line: ClientLine) => void): Promise<number> {
    if (this.#error) throw this.#error;
    this.#socket.write(`${command}\n`);
    return await this.#answer(take);
  }

  /** Nothing is taken until `resume`; the daemon waits too. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    // Taking a line may have paused it again.
    if (!this.#isPaused()) this.#socket.resume();
  }

  /** Hangs up; an answer that is under way is rejected. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
    this.#fail('Connection closed');
  }

  #isPaused(): boolean {
    return this.#paused;
  }

  #answer(take: (line: ClientLine) => void): Promise<number> {
    return new Promise((done, failed) => {
      this.#question = { take, done, failed };
      if (this.#error) failed(this.#error);
      else this.#deliver();
    });
  }

  #deliver(): void {
    let taken = 0;
    while (!this.#paused && taken < this.#lines.length) {
      const line = this.#lines[taken++]!;
      if (line.notice) {
        this.notice(line);
        continue;
      }
      const question = this.#question;
      if (line.last) this.#question = undefined;
      question?.take(line);
      if (line.last) question?.done(line.code);
    }
    this.#lines.splice(0, taken);
  }

  #fail(text: string): void {
    if (this.#error) return;
    this.#error = new ConnectionError(text);
    const question = this.#question;
    this.#question = undefined;
    if (question) question.failed(this.#error);
    else if (!this.#closed) this.lost(this.#error);
  }
}
