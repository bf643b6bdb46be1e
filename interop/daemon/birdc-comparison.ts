/**
 * BIRD's own client asks a real BIRD and Catbird the same questions about the same routes. All differences are in a
 * list, each with its reason; one that is not in it, and one of it that is not seen any more, fail.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');

export interface Difference {
  /** Lines that only this one gives. */
  readonly of: 'BIRD' | 'Catbird';
  readonly command: RegExp;
  readonly line: RegExp;
  readonly reason: string;
}

export interface Comparison {
  /** Programs: names or paths. */
  readonly bird: string;
  readonly birdc: string;
  /** The client that is said to answer like `birdc` but for its command line. */
  readonly birdcl: string;
  /** Says the same to BIRD and to Catbird, which listen on these ports of 127.0.0.1 and 127.0.0.3. */
  readonly feeder: (port: number, bird: number, catbird: number) => string;
  /** The configuration of both that are compared. */
  readonly subject: (address: string, port: number, from: number) => string;
  /** Behind the path of Catbird's socket: its dialect, where that is not recognised from the configuration. */
  readonly socketWords?: string;
  readonly commands: readonly string[];
  readonly differences: readonly Difference[];
  /** What `show protocols all node1` says once routes are in and out: counters stand still from there on. */
  readonly ready: string;
}

/** What differs from one moment, run or program to the next. */
function normal(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/, 'TIME')
    .replace(/\d\d:\d\d:\d\d(\.\d+)? */, 'TIME ')
    .replace(/\d+(\.\d+)?\/(\d+)$/, 'N/$2')
    .replace(/127\.0\.0\.[13]\b/, 'SELF')
    .replace(/(Reading configuration from ).*/, '$1FILE');
}

/**
 * The lines of an answer, continuations with the code that they repeat. Sorted: BIRD lists networks and names in the
 * order of hash tables.
 */
function linesOf(text: string): string[] {
  let code = '';
  const lines = text
    .split('\n')
    .slice(1, -1)
    .map((line) => {
      if (/^\d{4}[ -]/.test(line)) {
        code = line.slice(0, 4);
        return line;
      }
      return line.startsWith('     ') ? `${code}-${line.slice(5)}` : line;
    });
  return lines.map(normal).sort();
}

/** What is in `a` and not in `b`, counting. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  return a.filter((line) => {
    const at = left.indexOf(line);
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
}

/** Declares the tests, inside a `describe`. */
export function compareAnswers(comparison: Comparison): void {
  const { commands, differences, ready } = comparison;
  let folder: string;
  const children: ChildProcess[] = [];
  const at = (name: string): string => join(folder, name);

  const start = (program: string, args: readonly string[]): void => {
    const child = spawn(program, args, { stdio: 'ignore', cwd: folder });
    children.push(child);
  };

  const ask = (
    client: string,
    daemon: 'bird' | 'catbird',
    command: string,
  ): { text: string; status: number | null } => {
    const { stdout, status } = spawnSync(client, ['-v', '-s', at(`${daemon}.ctl`), ...command.split(' ')], {
      encoding: 'utf8',
      timeout: 10_000,
      input: '',
    });
    return { text: stdout, status };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'catbird-birdc-'));
    const [from, bird, catbird] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(at('feeder.conf'), comparison.feeder(from, bird, catbird));
    writeFileSync(at('bird.conf'), comparison.subject('127.0.0.1', bird, from));
    writeFileSync(at('catbird.conf'), comparison.subject('127.0.0.3', catbird, from));
    for (const name of ['feeder', 'bird']) {
      const files = ['-c', at(`${name}.conf`), '-s', at(`${name}.ctl`), '-P', at(`${name}.pid`)];
      start(comparison.bird, ['-f', ...files]);
    }
    const socket = at('catbird.ctl') + (comparison.socketWords ?? '');
    start(CATBIRD, ['reflector', '-c', at('catbird.conf'), '-s', socket]);
    const isReady = (name: 'bird' | 'catbird'): boolean =>
      ask(comparison.birdc, name, 'show protocols all node1').text.includes(ready);
    for (let tries = 0; tries < 120 && !(isReady('bird') && isReady('catbird')); tries++) {
      await new Promise((next) => setTimeout(next, 250));
    }
  }, 60_000);

  afterAll(() => {
    for (const child of children) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('is answered the same through both clients', () => {
    for (const command of commands.filter((one) => /^(show (protocols|route)|eval)/.test(one))) {
      const [readline, plain] = [comparison.birdc, comparison.birdcl].map((client) =>
        linesOf(ask(client, 'catbird', command).text),
      );
      expect(plain, command).toEqual(readline);
    }
  });

  const used = new Set<Difference>();

  it.each(commands)('%s', (command) => {
    const [bird, catbird] = [
      ask(comparison.birdc, 'bird', command),
      ask(comparison.birdc, 'catbird', command),
    ];
    const [theirs, ours] = [linesOf(bird.text), linesOf(catbird.text)];
    const unexplained: string[] = [];
    const explain = (of: Difference['of'], lines: readonly string[]): void => {
      for (const line of lines) {
        const found = differences.find(
          (difference) =>
            difference.of === of && difference.command.test(command) && difference.line.test(line),
        );
        if (found) used.add(found);
        else unexplained.push(`${of}: ${line}`);
      }
    };
    explain('BIRD', without(theirs, ours));
    explain('Catbird', without(ours, theirs));
    expect(unexplained).toEqual([]);
    if (theirs.join('\n') === ours.join('\n')) expect(catbird.status).toBe(bird.status);
  });

  it('has no difference in its list that is none', () => {
    expect(
      differences.filter((difference) => !used.has(difference)).map(({ of, line }) => `${of}: ${line}`),
    ).toEqual([]);
  });
}
