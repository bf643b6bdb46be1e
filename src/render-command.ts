/** `catbird render`: the texts of template resources with where their lines come from, written nowhere. */
import { withoutSecrets } from './birdcl-compat/conf/diagnostics.ts';
import { keyText, shownKeys } from './confd/origin-text.ts';
import type { OwnValues, Rendering } from './rendering.ts';
import { failuresOf, readSource, renderAll, runWithFlags } from './rendering.ts';

const HELP = `Usage: catbird render [FLAG]... [--only NAME] [--plain | --json] [--show-secrets]

Renders template resources once and prints their texts, each line with the line of the template and the keys, with their
revisions, that it comes from. Writes nothing, checks nothing. A key that is only '? KEY' decided that the line is there.
  --only NAME      one resource, by the name of its file, its src or its dest
  --plain          the texts alone
  --json           an object a line: file, line, text, template, templateLine, keys
  --show-secrets   passwords as they are; without it, they are asterisks
Other flags are those of 'catbird confd': -confdir, -backend, -node, -file, -prefix, ...
`;

const OWN = { only: 'value', plain: 'plain', json: 'plain', 'show-secrets': 'plain', help: 'plain' } as const;
const WIDTH = 80;
/** Columns of the text beside which origins stand, at most. */
const TEXT_WIDTH = 44;

export async function renderCommand(args: string[]): Promise<number> {
  return await runWithFlags(args, OWN, HELP, render);
}

async function render(own: OwnValues, confd: readonly string[]): Promise<number> {
  const renderings = await renderAll(await readSource(confd, own.get('only')?.[0]));
  const show = own.has('show-secrets') ? (text: string) => text : withoutSecrets;
  const print = own.has('json') ? jsonLines : own.has('plain') ? plainLines : alignedLines;
  process.stdout.write(renderings.flatMap((one) => print(one, show, renderings.length > 1)).join(''));
  const failures = failuresOf(renderings);
  for (const failure of failures) process.stderr.write(`catbird: ${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}

type Show = (line: string) => string;

const header = ({ resource }: Rendering): string => `# ${resource.dest}\n`;

function plainLines({ resource, provenance: { text } }: Rendering, show: Show, many: boolean): string[] {
  const shown = text.split('\n').map(show).join('\n');
  return many ? [`# ${resource.dest}\n`, shown, shown.endsWith('\n') ? '' : '\n'] : [shown];
}

/** The text on the left, its origin on the right; further keys, and what is too long, on lines of their own. */
function alignedLines(rendering: Rendering, show: Show): string[] {
  const { provenance } = rendering;
  const lines = provenance.text.split('\n').slice(0, provenance.lines).map(show);
  const width = Math.min(TEXT_WIDTH, Math.max(0, ...lines.map(({ length }) => length)));
  const indent = ' '.repeat(width);
  return [
    header(rendering),
    ...lines.map((line, i) => {
      const origin = provenance.originOf(i + 1)!;
      const keys = shownKeys(origin).map((key) => `${key.role === 'value' ? '' : '? '}${keyText(key)}`);
      const place = `${origin.template}:${origin.templateLine}`;
      const beside = [place, ...keys];
      const left = WIDTH - width - 3;
      const first =
        keys.length > 0 && place.length + keys[0]!.length + 1 <= left
          ? beside.splice(0, 2)
          : beside.splice(0, 1);
      const text = line.length > width ? `${line}\n${indent}` : line.padEnd(width);
      return [`${text} | ${first.join(' ')}\n`, ...beside.map((more) => `${indent} |   ${more}\n`)].join('');
    }),
  ];
}

function jsonLines({ resource, provenance }: Rendering, show: Show): string[] {
  const texts = provenance.text.split('\n');
  return Array.from({ length: provenance.lines }, (_, i) => {
    const { template, templateLine, keys } = provenance.originOf(i + 1)!;
    // Revisions may be greater than the numbers that readers of JSON keep whole.
    const named = keys.map(({ key, revision, role }) => ({
      key,
      revision: revision?.toString() ?? null,
      role,
    }));
    const line = {
      file: resource.dest,
      line: i + 1,
      text: show(texts[i]!),
      template,
      templateLine,
      keys: named,
    };
    return `${JSON.stringify(line)}\n`;
  });
}
