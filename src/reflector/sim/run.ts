/** `npm run sim -- --seed N [--count N]`: repeats simulated worlds and prints what went wrong in them. */
import { parseArgs } from 'node:util';
import { ReflectionWorld } from './world.ts';

const HELP = `Usage: npm run sim -- [--seed N] [--count N]

Runs whole networks of reflectors on simulated time, with faults, and compares every table with an oracle's.
  --seed N    the first seed (default 1); a failure in the test run names its seed
  --count N   how many seeds, counting up (default 1)`;

const { values } = parseArgs({
  options: { seed: { type: 'string' }, count: { type: 'string' }, help: { type: 'boolean' } },
});
const out = process.stdout;
if (values.help) {
  out.write(`${HELP}\n`);
} else {
  const first = Number(values.seed ?? 1);
  const count = Number(values.count ?? 1);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const result = await new ReflectionWorld(seed).run();
    const { kind, routers, routes, sessionsLost, reconfigurations, faults } = result;
    const verdict = faults.length === 0 ? 'ok' : 'FAILED';
    out.write(
      `seed ${seed}: ${verdict}, ${kind} of ${routers} routers, ${routes} routes, ${sessionsLost} sessions lost, ` +
        `${reconfigurations} policies changed\n`,
    );
    for (const fault of faults) out.write(`  ${fault}\n`);
    if (faults.length > 0) failed++;
  }
  if (count > 1) out.write(`${count - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}
