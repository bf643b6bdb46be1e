/** `catbird cl` without a terminal to type at: one command, or those of its standard input, with the answers. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ClientArguments } from '../client/args.ts';
import { JsonAnswer, JSON_PROBE, NO_JSON } from '../client/json-answer.ts';
import { meaningOf, versionOf } from '../client/line.ts';
import { FIRST_ERROR, type ClientLine } from '../client/replies.ts';
import { ConnectionError, ControlConnection } from './connection.ts';
import { programView, type AnswerView } from './screen.ts';

export interface ClientStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly errors: Writable;
  /** Program that answers longer than the screen go to; undefined where the output is no terminal. */
  readonly pager?: string;
}

/** Whoever read the output is gone. */
class OutputError extends Error {}

/** Runs commands, one after the other, so that answers come in their order. */
export class CommandRunner {
  readonly #connection: ControlConnection;
  readonly #args: ClientArguments;
  readonly #streams: ClientStreams;
  readonly #version: number;
  /** The last command failed, here or there. */
  failed = false;
  /** Takes the answer, where it goes to a pager. */
  #view: AnswerView | undefined;
  /** Whoever read it has seen enough. */
  #stopped = false;

  private constructor(
    connection: ControlConnection,
    args: ClientArguments,
    streams: ClientStreams,
    version: number,
  ) {
    this.#connection = connection;
    this.#args = args;
    this.#streams = streams;
    this.#version = version;
    connection.notice = this.#show;
  }

  /** Connects; rejects with a `ConnectionError`. */
  static async open(args: ClientArguments, streams: ClientStreams): Promise<CommandRunner> {
    let greeting = '';
    const connection = await ControlConnection.open(args.socket, args.verbose, (line) => {
      greeting = line.text;
      if (!args.json && line.show !== undefined) streams.output.write(`${line.show}\n`);
    });
    const runner = new CommandRunner(connection, args, streams, versionOf(greeting));
    // What is asked of the daemon comes after this, whatever it is.
    if (args.restricted) await connection.ask('restrict', args.json ? () => undefined : runner.#show);
    return runner;
  }

  /** Runs one line. Resolves to whether the next one is to be run. */
  async run(text: string): Promise<boolean> {
    const meaning = meaningOf(text, this.#version, this.#args.json);
    switch (meaning.kind) {
      case 'nothing':
        return true;
      case 'leave':
        return false;
      case 'print':
        this.failed = meaning.failed;
        for (const line of meaning.lines) this.#write(line);
        return true;
      case 'send':
        await this.#answer(meaning.command);
        return !this.#stopped;
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #answer(command: string): Promise<void> {
    const { pager, output } = this.#streams;
    const connection = this.#connection;
    if (this.#args.pager && pager !== undefined) {
      const stop = (): void => {
        this.#stopped = true;
        connection.close();
      };
      const flow = { pause: () => connection.pause(), resume: () => connection.resume(), stop };
      this.#view = programView(pager, output, undefined, flow);
    }
    try {
      if (this.#args.json) await this.#runJson(command);
      else this.failed = (await connection.ask(command, this.#show)) >= FIRST_ERROR;
    } catch (error) {
      if (!this.#stopped) throw error;
    }
    await this.#view?.end();
    this.#view = undefined;
  }

  async #runJson(command: string): Promise<void> {
    const answer = new JsonAnswer();
    const code = await this.#connection.ask(command, (line) => {
      const value = answer.take(line);
      if (value !== undefined) this.#write(value);
      // Answers of other commands have no JSON; what they say is still worth reading.
      else if (line.code < FIRST_ERROR && line.show !== undefined) this.#write(line.show);
    });
    this.failed = code >= FIRST_ERROR;
    if (!answer.error) return;
    const missing =
      answer.notUnderstood && (await this.#connection.ask(JSON_PROBE, () => undefined)) >= FIRST_ERROR;
    this.#streams.errors.write(`${missing ? NO_JSON : answer.error.text}\n`);
  }

  readonly #show = ({ show }: ClientLine): void => {
    if (show !== undefined) this.#write(show);
  };

  /** The daemon waits for whoever reads this. */
  #write(text: string): void {
    if (this.#view) {
      this.#view.line(text);
      return;
    }
    if (this.#streams.output.write(`${text}\n`)) return;
    this.#connection.pause();
    this.#streams.output.once('drain', () => {
      this.#connection.resume();
    });
  }
}

/**
 * Runs the command, or those of the input.
 * @returns the exit status: 1 where the connection failed, or the last command did
 */
export async function runClient(args: ClientArguments, streams: ClientStreams): Promise<0 | 1> {
  let runner: CommandRunner | undefined;
  const outputFailed = new Promise<never>((_, reject) => {
    streams.output.once('error', (error) => {
      reject(new OutputError(error.message));
    });
  });
  const work = async (): Promise<0 | 1> => {
    runner = await CommandRunner.open(args, streams);
    if (args.command !== undefined) await runner.run(args.command);
    else
      for await (const line of createInterface({ input: streams.input }))
        if (!(await runner.run(line))) return 0;
    return runner.failed ? 1 : 0;
  };
  try {
    return await Promise.race([work(), outputFailed]);
  } catch (error) {
    if (error instanceof ConnectionError) streams.errors.write(`${error.message}\n`);
    else if (!(error instanceof OutputError)) throw error;
    return 1;
  } finally {
    runner?.close();
  }
}
