/** `catbird cl`: sends commands to a control socket and prints the answers. */
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ClientArguments } from '../client/args.ts';
import { ReplyReader } from '../client/replies.ts';

export interface ClientStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly errors: Writable;
  /** A person types: show a prompt. */
  readonly interactive: boolean;
}

/** Words that end an interactive session, as in birdc. */
const LEAVE = new Set(['quit', 'exit']);
const PROMPT = 'bird> ';

/** Runs a session. Resolves to the exit status: 1 where the connection failed, or the last reply was an error. */
export function runClient(args: ClientArguments, streams: ClientStreams): Promise<0 | 1> {
  const { promise, resolve } = Promise.withResolvers<0 | 1>();
  const socket = createConnection(args.socket);
  const replies = new ReplyReader(args.verbose);
  const lines =
    args.command === undefined
      ? createInterface({ input: streams.input, ...(streams.interactive && { output: streams.output }) })
      : undefined;
  lines?.setPrompt(PROMPT);
  lines?.pause();
  // The greeting is an answer too; `restrict` comes before anything else.
  const waiting: string[] = args.restricted ? ['restrict'] : [];
  if (args.command !== undefined) waiting.push(args.command);
  let open = 1;
  let ended = false;
  let inputEnded = false;

  const finish = (status: 0 | 1): void => {
    if (ended) return;
    ended = true;
    lines?.close();
    socket.destroy();
    resolve(status);
  };
  const next = (): void => {
    const command = waiting.shift();
    if (command !== undefined) {
      open++;
      socket.write(`${command}\n`);
    } else if (!lines || inputEnded) finish(replies.failed ? 1 : 0);
    else if (streams.interactive) lines.prompt();
    else lines.resume();
  };

  lines?.on('line', (line) => {
    // Lines that were read together with the last one still come.
    if (ended) return;
    const command = line.trim();
    if (LEAVE.has(command)) {
      finish(0);
      return;
    }
    if (command === '') {
      if (streams.interactive) lines.prompt();
      return;
    }
    // One command at a time, so that answers come in order with the prompts.
    if (!inputEnded) lines.pause();
    waiting.push(command);
    if (open === 0) next();
  });
  lines?.on('close', () => {
    inputEnded = true;
    if (open === 0 && waiting.length === 0) finish(replies.failed ? 1 : 0);
  });
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    for (const { show, last } of replies.read(text)) {
      if (show !== undefined) streams.output.write(`${show}\n`);
      if (!last) continue;
      open--;
      next();
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (ended) return;
    const reason = error.code === 'ENOENT' ? 'No such file or directory' : error.message;
    streams.errors.write(`Unable to connect to server control socket (${args.socket}): ${reason}\n`);
    finish(1);
  });
  socket.on('close', () => {
    if (ended) return;
    streams.errors.write('Connection closed by server\n');
    finish(1);
  });
  return promise;
}
