/** `catbird check --explain`: renders templates, checks what they give, and says which keys messages and protocols come from. */
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFiles } from './birdcl-compat/conf/load.ts';
import { hostFacts } from './birdcl-compat/io/config-files.ts';
import { UsageError } from './confd/options.ts';
import {
  failuresOf,
  mainFiles,
  messageOf,
  readSource,
  renderAll,
  renderedBy,
  renderedFiles,
  splitFlags,
} from './rendering.ts';

const HELP = `Usage: catbird check --explain [-c NAME]... [FLAG]...

Renders all template resources, writes nothing, and checks the configuration that they give. Below each message stands which
line of which template wrote the line, from which keys. A good configuration lists its protocols, each with its origin.
Exits 1 where something is wrong.
  -c, --config NAME   the rendered file to check, by its dest or its name; without it, bird.cfg or bird.conf, and bird6's.
                      Files that it includes are taken as rendered, or from disk
Other flags are those of 'catbird confd': -confdir, -backend, -node, -file, -prefix, ...
`;

const OWN = { explain: 'plain', config: 'value', c: 'value', help: 'plain' } as const;

export async function explainCommand(args: string[]): Promise<number> {
  try {
    const { own, confd } = splitFlags(
      args.map((arg) => (arg === '-h' ? '--help' : arg)),
      OWN,
    );
    if (own.has('help')) {
      process.stdout.write(HELP);
      return 0;
    }
    const renderings = await renderAll(await readSource(confd));
    const failures = failuresOf(renderings);
    if (failures.length > 0) throw new Error(failures.join('\n'));
    const paths = mainFiles(renderings, [...(own.get('config') ?? []), ...(own.get('c') ?? [])]);
    if (paths.length === 0) throw new Error('which of the files is the configuration? Name it with -c');
    const { config, errors, warnings } = loadFiles(paths, renderedFiles(renderings), hostFacts());
    for (const diagnostic of [...errors, ...warnings]) {
      const origin = renderedBy(renderings, diagnostic.location);
      process.stderr.write(`${formatDiagnostic(diagnostic)}\n${origin === undefined ? '' : `  ${origin}\n`}`);
    }
    if (!config) return 1;
    const width = Math.max(0, ...config.protocols.map(({ name }) => name.length));
    for (const { name } of config.protocols) {
      const place = config.placeOf(name)!;
      const origin = renderedBy(renderings, place) ?? 'not rendered';
      process.stdout.write(
        `${name.padEnd(width)}  ${place.file}:${place.line}\n${' '.repeat(width)}  ${origin}\n`,
      );
    }
    return 0;
  } catch (error) {
    process.stderr.write(`catbird: ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
