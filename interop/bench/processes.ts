/** Starting what is measured, and reading what it used from /proc. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BENCH = import.meta.dirname;

export interface Usage {
  /** Largest resident memory so far, in bytes, summed over the process and its descendants. */
  readonly peakBytes: number;
  /** Processor time so far, in seconds, user and system. */
  readonly cpuS: number;
}

/** The programs of the benchmark and the sources of each, beside `workload.h`. */
const PROGRAMS = { loadgen: ['loadgen.c', 'workload.c'], relay: ['relay.c'] } as const;

/** Where a program of the benchmark is, once it is built. */
export function programPath(name: keyof typeof PROGRAMS): string {
  return join(BENCH, '.build', name);
}

/** Compiles the programs of the benchmark whose sources are newer than they are. */
export function buildPrograms(): void {
  mkdirSync(join(BENCH, '.build'), { recursive: true });
  for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
    const program = programPath(name);
    const sources = PROGRAMS[name].map((file) => join(BENCH, file));
    const newest = Math.max(...[...sources, join(BENCH, 'workload.h')].map((file) => statSync(file).mtimeMs));
    if (existsSync(program) && statSync(program).mtimeMs > newest) continue;
    try {
      execFileSync('gcc', ['-O2', '-o', program, ...sources], { stdio: 'inherit' });
    } catch (error) {
      throw new Error('the benchmark needs a C compiler: apt-get install gcc libc6-dev', { cause: error });
    }
  }
}

/** Starts a daemon whose output goes to `log`. */
export function startDaemon(binary: string, args: readonly string[], log: string): ChildProcess {
  const out = openSync(log, 'w');
  const child = spawn(binary, args, { stdio: ['ignore', out, out] });
  closeSync(out);
  return child;
}

/** Ends a daemon: SIGTERM, then SIGKILL after five seconds. */
export async function stopDaemon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(killer);
}

function parents(): Map<number, number> {
  const result = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(Number(name));
    if (fields) result.set(Number(name), Number(fields[1]));
  }
  return result;
}

/** Fields of /proc/PID/stat from the state on, or undefined where the process is gone. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** What the process `pid` and its descendants have used. */
export function usage(pid: number): Usage {
  const tree = new Set([pid]);
  const parentOf = parents();
  for (let grown = true; grown;) {
    grown = false;
    for (const [child, parent] of parentOf) {
      if (!tree.has(parent) || tree.has(child)) continue;
      tree.add(child);
      grown = true;
    }
  }
  let peakBytes = 0;
  let ticks = 0;
  for (const member of tree) {
    const fields = statFields(member);
    if (!fields) continue;
    ticks += Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${member}/status`, 'latin1');
    peakBytes += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
  // Linux reports ticks of 1/100 s to programs on every architecture.
  return { peakBytes, cpuS: ticks / 100 };
}

/** Runs the load generator; `line` gets each line it prints, as soon as it does. */
export async function runLoad(
  program: string,
  args: readonly string[],
  line: (text: string) => void,
): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(line);
  });
  await new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
}
