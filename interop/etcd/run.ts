/**
 * `npm run etcd-storm`: three members of etcd that are killed, parted, frozen and compacted under many changes, and a
 * reflector that follows them. All happens in network namespaces that end with it.
 */
import { parseArgs } from 'node:util';
import { storm } from './storm.ts';
import { inNamespaces, stormMissing } from './namespaces.ts';

const HELP = `Usage: npm run etcd-storm -- [OPTIONS]

  --seconds N   how long things go wrong (default 300)
  --rate N      changes of keys a minute (default 1000)
  --seed N      of what goes wrong and what is changed (default: another one each time)
  --log FILE    the reflector's log goes there
  -h, --help    this text

Exit code 1 where anything was not as it is to be.
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    rate: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    log: { type: 'string' },
    inside: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});

function positive(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  process.stderr.write(`--${name} is to be a whole number above 0, not '${text}'\n`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(HELP);
} else if (!values.inside) {
  const missing = stormMissing();
  if (missing === undefined) {
    process.exitCode = await inNamespaces([...process.argv.slice(2), '--inside']);
  } else {
    process.stderr.write(`etcd-storm ${missing}\n`);
    process.exitCode = 1;
  }
} else {
  const isGood = await storm({
    seconds: positive('seconds', values.seconds),
    ratePerMinute: positive('rate', values.rate),
    seed: positive('seed', values.seed ?? `${1 + crypto.getRandomValues(new Uint32Array(1))[0]!}`),
    logPath: values.log,
    say: (text) => process.stdout.write(`${text}\n`),
  });
  // What is left are connections to members that are gone.
  process.exit(isGood ? 0 : 1);
}
