/** Options that commands share. What reads configurations is not loaded with them. */
import type { DialectChoice } from './birdcl-compat/conf/dialect.ts';

export const DEFAULT_SOCKET = './var/catbird.ctl';
/** Stands for the path of a configuration that comes from the program alone. */
export const EMBEDDED = '(embedded default)';

export const DIALECT_HELP = `  --dialect NAME      bird1 (BIRD 1.6) or bird2 (BIRD 2 and 3); without it, recognised from the file
  --family 4|6        of BIRD 1.6: read as bird or as bird6 would
`;

export const DIALECT_OPTIONS = { dialect: { type: 'string' }, family: { type: 'string' } } as const;

/** What `--dialect` and `--family` say, or the exit code where they say nothing that makes sense. */
export function dialectChoice(options: { dialect?: string; family?: string }): DialectChoice | number {
  const { dialect, family } = options;
  const wrong =
    dialect !== undefined && dialect !== 'bird1' && dialect !== 'bird2'
      ? `--dialect is bird1 or bird2, not '${dialect}'`
      : family !== undefined && family !== '4' && family !== '6'
        ? `--family is 4 or 6, not '${family}'`
        : undefined;
  if (wrong !== undefined) {
    process.stderr.write(`catbird: ${wrong}\n`);
    return 1;
  }
  return {
    ...(dialect !== undefined && { version: dialect === 'bird1' ? 1 : 2 }),
    ...(family !== undefined && { family: family === '4' ? 0 : 1 }),
  };
}

/** What `parse` returns, or the exit code where the options are wrong, which it says on standard error. */
export function parseOptions<T>(parse: () => T): T | number {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`catbird: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
