import { beforeEach, describe, expect, test } from 'vitest';
import type { DaemonConfig } from './birdcl-compat/conf/lowered.ts';
import { Configurations } from './daemon-configurations.ts';
import { SimClock } from './speaker/sim/clock.ts';

/** Stands for a configuration: only who it is matters here. */
function named(path: string): DaemonConfig {
  return { path } as DaemonConfig;
}

let clock: SimClock;
let current: DaemonConfig;
let applied: string[];
let log: string[];
let undoing: number;
/** Ends what is under way; set by a configuration whose name begins with `slow`. */
let finish: () => Promise<void>;
let configurations: Configurations;

beforeEach(() => {
  clock = new SimClock();
  current = named('first');
  applied = [];
  log = [];
  undoing = 0;
  configurations = new Configurations({
    clock,
    current: () => current,
    log: (_level, text) => log.push(text),
    apply: (config, soft) => {
      applied.push(soft ? `${config.path} soft` : config.path);
      current = config;
      if (config.path === 'broken') return Promise.reject(new Error('a bug'));
      if (!config.path.startsWith('slow')) return undefined;
      return new Promise((resolve) => {
        finish = async () => {
          resolve();
          await new Promise((later) => setImmediate(later));
        };
      });
    },
  });
});

function commit(path: string, { soft = false, timeoutS = 0 } = {}): string {
  configurations.forgetPrevious();
  return configurations.commit(named(path), soft, timeoutS, () => undoing++);
}

describe('undo', () => {
  test('goes back once, in the way in which the step was made', () => {
    expect(configurations.undo()).toBe('nothing');
    expect(commit('second', { soft: true })).toBe('done');
    expect(configurations.undo()).toBe('done');
    expect(configurations.undo()).toBe('nothing');
    expect(applied).toEqual(['second soft', 'first soft']);
    expect(log).toEqual(['Reconfiguring', 'Reconfigured', 'Reconfiguring', 'Reconfigured']);
  });

  test('is not possible after a configuration that was refused, as in BIRD', () => {
    commit('second', { timeoutS: 60 });
    configurations.forgetPrevious();
    expect([configurations.undo(), configurations.undoInS]).toEqual(['nothing', undefined]);
  });
});

describe('a configuration that has to be confirmed', () => {
  test('is undone by itself', () => {
    commit('second', { timeoutS: 60 });
    clock.runFor(20_000);
    expect(configurations.undoInS).toBe(40);
    clock.runFor(40_000);
    expect([applied, undoing, configurations.undoInS]).toEqual([['second', 'first'], 1, undefined]);
    expect(log).toContain('Config timeout expired, starting undo');
    expect(configurations.confirm()).toBe(false);
  });

  test('stays once it is confirmed, and can be undone by hand', () => {
    commit('second', { timeoutS: 60 });
    expect([configurations.confirm(), configurations.confirm()]).toEqual([true, false]);
    clock.runFor(100_000);
    expect(applied).toEqual(['second']);
    expect(configurations.undo()).toBe('done');
  });

  test('is replaced by the next one, with its own time', () => {
    commit('second', { timeoutS: 60 });
    commit('third');
    clock.runFor(100_000);
    expect(applied).toEqual(['second', 'third']);
  });
});

describe('while one is under way', () => {
  test('the next one waits, and the last that came counts', async () => {
    expect([commit('slow'), configurations.state]).toEqual(['progress', 'progress']);
    expect([commit('second'), commit('third'), configurations.state]).toEqual(['queued', 'queued', 'queued']);
    await finish();
    expect([applied, configurations.state]).toEqual([['slow', 'third'], 'done']);
    expect(log).toEqual([
      'Reconfiguring',
      'Queueing new configuration',
      'Queueing new configuration, ignoring the one already queued',
      'Reconfigured',
      'Reconfiguring to queued configuration',
      'Reconfiguring',
      'Reconfigured',
    ]);
  });

  test('a bug of ours does not keep the next one waiting', async () => {
    expect(commit('broken')).toBe('progress');
    await new Promise((later) => setImmediate(later));
    expect(log.some((line) => line.includes('a bug'))).toBe(true);
    expect([commit('second'), configurations.state]).toEqual(['done', 'done']);
  });

  test('an undo waits too, or drops what waits', async () => {
    configurations.commit(named('slow'), false, 0, () => undefined);
    expect(configurations.undo()).toBe('queued');
    expect(configurations.undo()).toBe('nothing');
    await finish();
    expect(applied).toEqual(['slow', 'first']);
    configurations.commit(named('slow again'), false, 0, () => undefined);
    configurations.commit(named('third'), false, 0, () => undefined);
    expect(configurations.undo()).toBe('unqueued');
    await finish();
    expect(applied).toEqual(['slow', 'first', 'slow again']);
  });
});
