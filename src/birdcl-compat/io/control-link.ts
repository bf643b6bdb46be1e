/** A connection to a control socket for the dashboard: commands in turn, long answers line by line, lines of the log. */
import { createConnection, type Socket } from 'node:net';
import { AnswerReader, type AnswerLine } from '../dashboard/answer.ts';

/** Characters of one answer that are held at once; that of 10,000 sessions is smaller. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** What the system says about sockets, for people. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there any more',
  EACCES: 'permission denied: the owner and the group of the socket may use it',
  ENOTSOCK: 'it is not a socket',
};

interface Asked {
  readonly take: (line: AnswerLine) => void;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class ControlLink {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #reader = new AnswerReader();
  readonly #waiting: Asked[] = [];
  readonly #notice: (text: string) => void;
  #failure: Error | undefined;

  private constructor(path: string, notice: (text: string) => void) {
    this.#path = path;
    this.#notice = notice;
    this.#socket = createConnection(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => {
      this.#received(text);
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#fail(REASONS[error.code ?? ''] ?? error.message);
    });
    this.#socket.on('close', () => {
      this.#fail('the daemon closed the connection');
    });
  }

  /**
   * Connects and reads the greeting. Rejects with an error for people.
   * @param notice takes lines that come by themselves, after `echo`
   */
  static async open(path: string, notice: (text: string) => void = () => undefined): Promise<ControlLink> {
    const link = new ControlLink(path, notice);
    await link.#answer(() => undefined);
    return link;
  }

  /** The whole answer to a command. Rejects where the connection ends before. */
  async ask(command: string): Promise<AnswerLine[]> {
    const lines: AnswerLine[] = [];
    let characters = 0;
    await this.stream(command, (line) => {
      characters += line.text.length;
      if (characters > LONGEST_ANSWER) this.#fail(`the answer to '${command}' does not end`);
      else lines.push(line);
    });
    return lines;
  }

  /** Hands over the lines of an answer as they come; resolves behind the last one. */
  async stream(command: string, take: (line: AnswerLine) => void): Promise<void> {
    if (!this.#failure) this.#socket.write(`${command}\n`);
    await this.#answer(take);
  }

  /** Reads no more until `resume`: the daemon waits. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#fail('closed');
  }

  #answer(take: (line: AnswerLine) => void): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#failure) failed(this.#failure);
      else this.#waiting.push({ take, done, failed });
    });
  }

  #received(text: string): void {
    if (this.#failure) return;
    try {
      for (const line of this.#reader.read(text)) {
        if ('notice' in line) this.#notice(line.notice);
        else this.#line(line);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #line(line: AnswerLine): void {
    const asked = this.#waiting[0];
    if (!asked) return;
    asked.take(line);
    if (!line.last) return;
    this.#waiting.shift();
    asked.done();
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    this.#failure = new Error(`${this.#path}: ${reason}`);
    this.#socket.destroy();
    for (const { failed } of this.#waiting.splice(0)) failed(this.#failure);
  }
}
