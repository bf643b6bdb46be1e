/** `npm run etcd-scale`: its options, and its figures as lines or as JSON. */
import { parseArgs } from 'node:util';
import { scale } from './scale.ts';

const HELP = `Usage: npm run etcd-scale -- [OPTIONS]

Times starts of a reflector with the keys of many nodes in etcd, and what becomes of one changed key on the wire.

  --nodes N     nodes in the keys, each a neighbour (default 5000)
  --sessions    all of them connect; else only two do, and the others refuse connections
  --starts N    starts that are timed (default 5)
  --changes N   changes of each kind that are timed (default 15)
  --json        one JSON object instead of lines
  -h, --help    this text
`;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    sessions: { type: 'boolean', default: false },
    starts: { type: 'string', default: '5' },
    changes: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});

function positive(name: string, text: string, least = 1): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  process.stderr.write(`--${name} is to be a whole number from ${least} on, not '${text}'\n`);
  process.exit(2);
}

function row(what: string, times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const ms = (time: number): string => `${time.toFixed(0).padStart(6)} ms`;
  const median = sorted[sorted.length >> 1]!;
  return `${what.padEnd(44)}${ms(median)} median${ms(sorted.at(-1)!)} longest of ${sorted.length}\n`;
}

if (values.help) {
  process.stdout.write(HELP);
} else {
  const nodes = positive('nodes', values.nodes, 3);
  const figures = await scale({
    nodes,
    sessions: values.sessions,
    starts: positive('starts', values.starts),
    changes: positive('changes', values.changes),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json)
    process.stdout.write(`${JSON.stringify({ nodes, sessions: values.sessions, ...figures })}\n`);
  else {
    process.stdout.write(row('start until configured', figures.start));
    process.stdout.write(row('changed key until NOTIFICATION received', figures.session));
    process.stdout.write(row('changed key until UPDATE received', figures.update));
    process.stdout.write(`largest resident memory ${(figures.peakBytes / 1e6).toFixed(0)} MB\n`);
  }
}
