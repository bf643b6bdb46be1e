/** `catbird cl` at a terminal: lines with editing, history, completion and help; answers a page at a time. */
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { completions } from '../cli/completion.ts';
import type { ClientArguments } from '../client/args.ts';
import { JsonAnswer, JSON_PROBE, NO_JSON } from '../client/json-answer.ts';
import { helpFor, isHelpKey, meaningOf, versionOf } from '../client/line.ts';
import { NAME_COMMANDS, Names } from '../client/names.ts';
import { FIRST_ERROR, type ClientLine } from '../client/replies.ts';
import { ConnectionError, ControlConnection } from './connection.ts';
import { History } from './history.ts';
import { Keys, type KeySource } from './keys.ts';
import { pagedView, programView, watchForStop, type AnswerFlow, type Terminal } from './screen.ts';

export interface ConsoleStreams {
  readonly input: KeySource;
  readonly output: Terminal;
  readonly errors: NodeJS.WritableStream;
  /** Where lines are remembered; undefined: nowhere. */
  readonly historyPath: string | undefined;
  /** Program that `--pager` gives long answers to. */
  readonly pager: string;
}

const PROMPT = 'bird> ';
/** What a connection remembers, by its first word: asked again where an answer was cut off by hanging up. */
const REMEMBERED = /^(restrict|timeformat|echo)\b/;

/** Runs an interactive session. Resolves to the exit status: 1 where the connection failed. */
export async function runConsole(args: ClientArguments, streams: ConsoleStreams): Promise<0 | 1> {
  try {
    await new Console(args, streams).run();
    return 0;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    streams.errors.write(`${error.message}\n`);
    return 1;
  }
}

class Console {
  readonly #args: ClientArguments;
  readonly #streams: ConsoleStreams;
  readonly #history: History;
  #connection!: ControlConnection;
  #version = 2;
  #keys!: Keys;
  #lines!: Interface;
  /** Lines that were typed, or came together, while another one was being answered. */
  #waiting: string[] = [];
  #busy = false;
  #left = false;
  /** Names for completion, and how they are being asked for. */
  #names: Promise<Names> | undefined;
  /** Commands that change the connection itself, by their first words. */
  readonly #remembered = new Map<string, string>();
  #finish: (error?: ConnectionError) => void = () => undefined;

  constructor(args: ClientArguments, streams: ConsoleStreams) {
    this.#args = args;
    this.#streams = streams;
    this.#history = new History(streams.historyPath);
  }

  /** Resolves when whoever types leaves; rejects with a `ConnectionError`. */
  async run(): Promise<void> {
    const { input, output } = this.#streams;
    const show = (line: ClientLine): void => {
      if (line.show !== undefined) output.write(`${line.show}\n`);
    };
    await this.#connect((line) => {
      this.#version = versionOf(line.text);
      show(line);
    });
    if (this.#args.restricted) {
      await this.#connection.ask('restrict', show);
      this.#remembered.set('restrict', 'restrict');
    }
    this.#keys = new Keys(input, () => this.#help());
    this.#lines = createInterface({
      input: this.#keys,
      output,
      terminal: true,
      prompt: PROMPT,
      history: this.#history.load(),
      historySize: 1000,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        void this.#complete(line).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        );
      },
    });
    const over = new Promise<void>((resolve, reject) => {
      this.#finish = (error) => {
        if (error) reject(error);
        else resolve();
      };
    });
    this.#lines.on('line', (line) => this.#typed(line));
    this.#lines.on('SIGINT', () => {
      output.write('^C\n');
      // The line is given up.
      this.#lines.write(null, { ctrl: true, name: 'e' });
      this.#lines.write(null, { ctrl: true, name: 'u' });
      this.#lines.prompt();
    });
    this.#lines.on('close', () => this.#leave());
    this.#lines.prompt();
    try {
      await over;
    } finally {
      this.#left = true;
      this.#lines.close();
      this.#keys.setRawMode(false);
      input.pause();
      this.#connection.close();
    }
  }

  async #connect(greeting: (line: ClientLine) => void): Promise<void> {
    this.#connection = await ControlConnection.open(this.#args.socket, this.#args.verbose, greeting);
    this.#connection.notice = (line) => this.#above([line.show!]);
    this.#connection.lost = (error) => {
      this.#streams.output.write('\n');
      this.#finish(error);
    };
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (!this.#busy) this.#streams.output.write('\n');
    this.#finish();
  }

  /** Writes lines above the one that is being typed. */
  #above(lines: readonly string[]): void {
    const { output } = this.#streams;
    if (this.#busy) {
      for (const line of lines) output.write(`${line}\n`);
      return;
    }
    cursorTo(output, 0);
    clearLine(output, 0);
    for (const line of lines) output.write(`${line}\n`);
    this.#lines.prompt(true);
  }

  /** `?` was typed. */
  #help(): boolean {
    const before = this.#lines.line.slice(0, this.#lines.cursor);
    if (!isHelpKey(before)) return false;
    const { output } = this.#streams;
    output.write('?\n');
    for (const line of helpFor(before, this.#version)) output.write(`${line}\n`);
    this.#lines.prompt(true);
    return true;
  }

  #typed(line: string): void {
    if (line.trim() !== '') this.#history.add(line);
    this.#waiting.push(line);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      // Names may still be on their way.
      await this.#names;
      for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
        if (this.#left) return;
        await this.#runLine(line);
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#finish(error);
      return;
    } finally {
      this.#busy = false;
    }
    if (this.#left) return;
    this.#names = undefined;
    this.#lines.prompt();
    this.#keys.grab(undefined);
  }

  async #runLine(line: string): Promise<void> {
    const meaning = meaningOf(line, this.#version, this.#args.json);
    switch (meaning.kind) {
      case 'nothing':
        return;
      case 'leave':
        this.#left = true;
        this.#finish();
        return;
      case 'print':
        for (const text of meaning.lines) this.#streams.output.write(`${text}\n`);
        return;
      case 'send':
        await this.#answer(meaning.command);
    }
  }

  /** Sends a command and shows the answer, all of it or until whoever reads has enough. */
  async #answer(command: string): Promise<void> {
    const { output, pager } = this.#streams;
    const connection = this.#connection;
    const state = { stopped: false, over: false };
    const flow: AnswerFlow = {
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      stop: () => {
        if (state.stopped || state.over) return;
        state.stopped = true;
        // The protocol has no word for it: hanging up is what makes the daemon stop.
        connection.close();
      },
    };
    const view = this.#args.pager
      ? programView(pager, output, this.#keys, flow)
      : pagedView(output, this.#keys, flow);
    watchForStop(this.#keys, flow);
    const json = new JsonAnswer();
    let code = 0;
    try {
      code = await connection.ask(command, (line) => {
        if (line.last) state.over = true;
        const text = json.take(line) ?? (line.code === 1901 ? undefined : line.show);
        if (text !== undefined && !state.stopped) view.line(text);
      });
    } catch (error) {
      if (!state.stopped) throw error;
    }
    state.over = true;
    await view.end();
    if (state.stopped) await this.#reconnect();
    else if (code < FIRST_ERROR) this.#remember(command);
    else if (this.#args.json && json.notUnderstood) await this.#explainNoJson();
  }

  async #explainNoJson(): Promise<void> {
    const code = await this.#connection.ask(JSON_PROBE, () => undefined);
    if (code >= FIRST_ERROR) this.#streams.output.write(`${NO_JSON}\n`);
  }

  #remember(command: string): void {
    const word = REMEMBERED.exec(command)?.[1];
    if (word !== undefined) this.#remembered.set(word, command);
  }

  /** The next connection is what the last one was. */
  async #reconnect(): Promise<void> {
    const silent = (): void => undefined;
    await this.#connect(silent);
    for (const command of this.#remembered.values()) await this.#connection.ask(command, silent);
  }

  async #complete(line: string): Promise<[string[], string]> {
    const json = /^\s*json\s+/.exec(line)?.[0] ?? '';
    const rest = line.slice(json.length);
    const typed = /\S*$/.exec(rest)![0];
    // Names change with each command at most.
    const names = await (this.#names ??= this.#askNames());
    const found = completions(rest, this.#version, (kind) => names.of(kind, typed));
    const hits = found.filter(({ text }) => !text.startsWith('<')).map(({ text }) => text);
    const expected = found.filter(({ text }) => text.startsWith('<')).map(({ text }) => text);
    if (hits.length === 0 && expected.length > 0) this.#above([`expected: ${expected.join(', ')}`]);
    // What is complete is followed by the next word.
    return [hits.length === 1 ? [`${hits[0]!} `] : hits, typed];
  }

  async #askNames(): Promise<Names> {
    const names = new Names();
    if (this.#busy) return names;
    for (const command of NAME_COMMANDS) {
      await this.#connection.ask(command, (line) => {
        names.learn(line);
      });
    }
    return names;
  }
}
