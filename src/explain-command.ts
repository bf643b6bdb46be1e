/** `catbird check --explain`: renders templates, checks what they give, and says which keys messages and protocols come from. */
import type { OwnValues } from './rendering.ts';
import {
  configurationFiles,
  failuresOf,
  loadRendered,
  readSource,
  renderAll,
  renderedBy,
  reportRendered,
  runWithFlags,
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
  return await runWithFlags(args, OWN, HELP, explain);
}

async function explain(own: OwnValues, confd: readonly string[]): Promise<number> {
  const renderings = await renderAll(await readSource(confd));
  const failures = failuresOf(renderings);
  if (failures.length > 0) throw new Error(failures.join('\n'));
  const { config, errors, warnings } = loadRendered(renderings, configurationFiles(renderings, own));
  reportRendered(renderings, [...errors, ...warnings]);
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
}
