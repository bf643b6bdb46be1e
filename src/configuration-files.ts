/** Configurations from files, for the commands that load them. */
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import type { DialectChoice } from './birdcl-compat/conf/dialect.ts';
import { loadFiles, type LoadResult } from './birdcl-compat/conf/load.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';

export function loadAll(paths: readonly string[], choice: DialectChoice): LoadResult {
  return loadFiles(paths, configFiles, hostFacts(), choice);
}

/** Says on standard error what is wrong, and what is to be noted. */
export function report(result: LoadResult): void {
  for (const diagnostic of [...result.errors, ...result.warnings]) {
    process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  }
}
