import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDaemon, prefixOf } from '../cli/test-support.ts';
import { runConsole } from './console.ts';
import { openControlSocket, type ControlSocket } from './control-socket.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const TAB = '\t';
const UP = '\u001b[A';

let directory: string;
let control: ControlSocket;
let daemon: FakeDaemon;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'catbird-console-'));
  daemon = new FakeDaemon();
  control = await openControlSocket(join(directory, 'ctl'), daemon);
});
afterEach(() => {
  control.close();
  rmSync(directory, { recursive: true });
});

/** Somebody at a terminal. */
class Person {
  readonly keys = new PassThrough();
  readonly screen = Object.assign(new PassThrough(), { columns: 120, rows: 24, isTTY: true });
  readonly ended: Promise<0 | 1>;
  errors = '';
  /** Everything that was shown, colours and movements of the cursor left out. */
  #seen = '';
  #from = 0;

  constructor(options: { pager?: string; restricted?: boolean; json?: boolean; rows?: number } = {}) {
    const { pager, restricted = false, json = false, rows } = options;
    if (rows !== undefined) this.screen.rows = rows;
    this.screen.on('data', (bytes: Buffer) => (this.#seen += bytes.toString()));
    const errors = new PassThrough();
    errors.on('data', (bytes: Buffer) => (this.errors += bytes.toString()));
    const args = {
      socket: join(directory, 'ctl'),
      verbose: false,
      restricted,
      json,
      pager: pager !== undefined,
    };
    this.ended = runConsole(args, {
      input: this.keys,
      output: this.screen,
      errors,
      historyPath: join(directory, 'history'),
      pager: pager ?? '',
    });
  }

  get shown(): string {
    return this.#seen.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');
  }

  /** Presses keys, then waits for a text that was not there before. */
  async press(keys: string, wanted: string | RegExp = 'bird> '): Promise<string> {
    this.#from = this.shown.length;
    this.keys.write(keys);
    return await this.sees(wanted);
  }

  async sees(wanted: string | RegExp): Promise<string> {
    return await vi.waitFor(() => {
      const text = this.shown.slice(this.#from);
      expect(text).toMatch(
        typeof wanted === 'string' ? new RegExp(wanted.replace(/[|\\{}()[\]^$+*?.]/g, '\\$&')) : wanted,
      );
      return text;
    });
  }
}

describe('at a terminal', () => {
  it('commands are answered between prompts, until Ctrl-D', async () => {
    const person = new Person();
    expect(await person.sees('bird> ')).toBe('BIRD 2.0.12 ready.\nbird> ');
    expect(await person.press('ev 1 + 1\r')).toMatch(/ev 1 \+ 1\r\n2\nbird> $/);
    await person.press(CTRL_D, '\n');
    expect(await person.ended).toBe(0);
  });

  it('quit leaves, and what was typed ahead comes in its turn', async () => {
    const person = new Person();
    await person.sees('bird> ');
    const seen = await person.press('eval 3\reval 4\rquit\r', /3\n(.|\n)*4\n/);
    expect(seen.indexOf('\n3\n')).toBeLessThan(seen.indexOf('4\n'));
    expect(await person.ended).toBe(0);
  });

  it('Tab completes words, abbreviated ones before them too, and names that the daemon has', async () => {
    const person = new Person({ rows: 60 });
    await person.sees('bird> ');
    await person.press(`show pro${TAB}`, 'show protocols ');
    await person.press(`al${TAB}`, /all /);
    await person.press(`no${TAB}`, 'node1 ');
    expect(await person.press('\r', /node one(.|\n)*bird> $/)).toContain('Established');
    await person.press(`sh ro table ma${TAB}`, 'master');
    await person.press(CTRL_C);
    await person.press(`json show sta${TAB}`, /json show stat/);
    await person.press(CTRL_C);
    // The first Tab finds that there are several, the second one lists them.
    await person.press(`show protocols ${TAB}`, 'protocols ');
    await new Promise((next) => setTimeout(next, 100));
    const list = await person.press(TAB, /Mesh_10_0_0_2[^]*bird> /);
    expect(list).toContain('anchors');
  });

  it('? shows what may come, and leaves the line as it is', async () => {
    const person = new Person();
    await person.sees('bird> ');
    const help = await person.press('show rip ', 'rip ').then(() => person.press('?', /bird> show rip /));
    expect(help).toMatch(
      /^\?\nshow rip interfaces .*\n +RIP interfaces\nshow rip neighbors .*\n.*\nbird> show rip $/,
    );
    await person.press(CTRL_C);
    await person.press('show route where bgp_path ~ [= ', '[=');
    expect(await person.press('?', '?')).toBe('?');
  });

  it('says what is ambiguous and what is no command', async () => {
    const person = new Person();
    await person.sees('bird> ');
    expect(await person.press('re all\r', /bird> $/)).toContain('possible expansions are:');
    expect(await person.press('nonsense\r', /bird> $/)).toContain('syntax error');
    expect(await person.press('help\r', /bird> $/)).toContain('Tab');
  });

  it('remembers lines in a file that nobody else may read', async () => {
    writeFileSync(join(directory, 'history'), 'eval 5\n', { mode: 0o644 });
    const person = new Person();
    await person.sees('bird> ');
    await person.press(UP, 'eval 5');
    await person.press('\r', /5\nbird> /);
    await person.press('eval 6\r', /6\nbird> /);
    await person.press('eval 6\r', /6\nbird> /);
    await person.press('quit\r', 'quit');
    await person.ended;
    expect(readFileSync(join(directory, 'history'), 'utf8')).toBe('eval 5\neval 6\nquit\n');
    expect(statSync(join(directory, 'history')).mode & 0o777).toBe(0o600);
  });

  it('lines outside answers come above the one that is being typed', async () => {
    const person = new Person();
    await person.sees('bird> ');
    await person.press('configure timeout 5\r', /Undo scheduled(.|\n)*bird> $/);
    await person.press('show st', 'show st');
    daemon.undoing();
    expect(await person.sees(/>>> Config timeout expired, starting undo\nbird> show st$/)).toBeDefined();
  });

  it('a daemon that goes away ends it', async () => {
    const person = new Person();
    await person.sees('bird> ');
    control.close();
    expect(await person.ended).toBe(1);
    expect(person.errors).toBe('Connection closed by server\n');
  });

  it('no daemon ends it with the reason', async () => {
    control.close();
    const person = new Person();
    expect(await person.ended).toBe(1);
    expect(person.errors).toContain('Unable to connect to server control socket');
  });
});

describe('long answers', () => {
  const ROUTES = 20_000;

  async function restart(): Promise<void> {
    control.close();
    daemon = new FakeDaemon(
      Array.from({ length: ROUTES }, (_, i) => prefixOf(`10.${i >> 8}.${i & 255}.0/24`)),
    );
    control = await openControlSocket(join(directory, 'ctl'), daemon);
  }

  it('come a screen at a time; the daemon waits, and q stops it', async () => {
    await restart();
    const person = new Person();
    await person.sees('bird> ');
    const first = await person.press('show route\r', '--More--');
    expect(first.split('\n').length).toBe(24);
    const second = await person.press(' ', '--More--');
    expect(second.split('\n').length).toBe(23);
    expect((await person.press('\r', '--More--')).split('\n').length).toBe(2);
    expect(await person.press('q', 'bird> ')).toBe('        \rbird> ');
    expect(daemon.walked).toBeLessThan(ROUTES);
    expect(await person.press('eval 7\r', /7\nbird> /)).toContain('7');
  });

  it('Ctrl-C stops one that runs; the next connection is restricted and formatted as the last was', async () => {
    await restart();
    const person = new Person({ restricted: true, rows: 1_000_000 });
    await person.sees('bird> ');
    await person.press('timeformat "at %Y"\r', /bird> $/);
    await person.press('show route\r', '10.0.3.0/24');
    await person.press(CTRL_C, 'bird> ');
    expect(daemon.walked).toBeLessThan(ROUTES);
    expect(await person.press('down\r', /bird> $/)).toContain('Access denied');
    expect(await person.press('show protocols node1\r', /at 2026(.|\n)*bird> $/)).toContain('node1');
  });

  it('go to a program that --pager names, short ones do not', async () => {
    await restart();
    const out = join(directory, 'paged');
    const person = new Person({ pager: `head -n 50 > ${out}` });
    await person.sees('bird> ');
    expect(await person.press('show route\r', /bird> $/)).not.toContain('10.0.3.0/24');
    expect(readFileSync(out, 'utf8').split('\n')).toHaveLength(51);
    expect(daemon.walked).toBeLessThan(ROUTES);
    expect(await person.press('show protocols node1\r', /bird> $/)).toContain('node1');
  });

  it('are JSON where that was asked for', async () => {
    const person = new Person({ json: true });
    await person.sees('bird> ');
    expect(await person.press('show prot node1\r', /bird> $/)).toContain('{"name":"node1"');
  });
});
