/** `npm run differential`: random filters on random routes, in Catbird and in a BIRD that is installed here. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ReflectorProcess } from '../daemon/process.ts';
import { compare, makeCase, type Difference } from './compare.ts';

const HELP = `usage: npm run differential -- [options]
  --seed N       first seed (default 1)
  --count N      how many seeds (default 1)
  --filters N    filters a seed (default 100)
  --routes N     routes a seed (default 100)
  --bird PATH    the BIRD to compare with (default /usr/sbin/bird)
  --keep FILE    write the configuration of the last seed there
  --help         this text
`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      seed: text,
      count: text,
      filters: text,
      routes: text,
      bird: text,
      keep: text,
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const bird = values.bird ?? '/usr/sbin/bird';
  if (!existsSync(bird)) throw new Error(`there is no ${bird}: apt-get install bird2, or give --bird`);
  const first = Number(values.seed ?? 1);
  let found = 0;
  for (let seed = first; seed < first + Number(values.count ?? 1); seed++) {
    const routes = Number(values.routes ?? 100);
    const made = makeCase(seed, Number(values.filters ?? 100), routes);
    if (values.keep !== undefined) writeFileSync(values.keep, made.config);
    const folder = mkdtempSync(join(tmpdir(), 'catbird-differential-'));
    const socket = join(folder, 'bird.ctl');
    const config = join(folder, 'bird.conf');
    writeFileSync(config, made.config);
    const child = spawn(bird, ['-f', '-c', config, '-s', socket, '-P', join(folder, 'bird.pid')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const catbird = await ReflectorProcess.start(() => made.config);
    try {
      for (let tries = 0; !existsSync(socket) && tries < 100; tries++)
        await new Promise((next) => setTimeout(next, 50));
      const { differences, accepted } = await compare(made.filters, socket, catbird.socket, (done) => {
        if (process.stdout.isTTY)
          process.stdout.write(`\rseed ${seed}: ${done} of ${made.filters.length} filters`);
      });
      found += differences.length;
      const total = made.filters.length * routes;
      process.stdout.write(
        `\rseed ${seed}: ${made.filters.length} filters, ${total} answers, ${accepted} accepted, ${differences.length} different\n`,
      );
      for (const { filter, prefix, left, right } of firstOfEach(differences)) {
        process.stdout.write(`${filter} ${prefix}\n  BIRD:    ${show(left)}\n  Catbird: ${show(right)}\n`);
      }
    } finally {
      child.kill();
      await catbird.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (found > 0) process.exitCode = 1;
}

/** The first difference of each filter. */
function firstOfEach(differences: readonly Difference[]): Difference[] {
  return [...new Map([...differences].reverse().map((each) => [each.filter, each])).values()].reverse();
}

function show(route: string | undefined): string {
  return route === undefined ? 'rejected' : route.replaceAll('\n', '\n           ');
}

main().catch((error: unknown) => {
  process.stderr.write(`differential: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
