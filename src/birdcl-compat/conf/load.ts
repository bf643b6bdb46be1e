/** From text to a checked configuration, or to what is wrong with it. */
import type { FamilyIndex } from '../../base/family.ts';
import { Cursor } from './cursor.ts';
import { ConfError } from './diagnostics.ts';
import type { Diagnostic } from './diagnostics.ts';
import { Tokens } from './lexer.ts';
import { recogniseDialect } from './dialect.ts';
import type { Dialect, DialectChoice } from './dialect.ts';
import { Lowering } from './lower.ts';
import type { Reporter, Testing } from './lower.ts';
import type { DaemonConfig } from './lowered.ts';
import { mergeConfigs } from './merge.ts';
import { parseConfig } from './parse.ts';
import type { HostFacts } from './router-id.ts';
import type { ConfigFiles } from './source.ts';

export interface LoadResult {
  /** Absent where there are errors. */
  readonly config?: DaemonConfig;
  /** As chosen or recognised; absent where the file could not be read. */
  readonly dialect?: Dialect;
  /** Of each file. */
  readonly dialects: readonly Dialect[];
  /** In the order of the text; the first is the one that BIRD would report. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** At most this many errors are kept. */
const MAX_ERRORS = 20;

/** A file's name, as it appears in messages, and its content. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/**
 * Parses and checks a configuration.
 * @param path the file's name, as it appears in messages
 * @param text its content
 * @param files where `include` reads
 * @param host what the host is called and which addresses it has
 * @param choice what is known of the dialect; the rest is recognised from the text
 * @param testing given where the configuration's tests are to be run
 */
export function loadText(
  path: string,
  text: string,
  files: ConfigFiles,
  host: HostFacts,
  choice: DialectChoice = {},
  testing?: Testing,
): LoadResult {
  return loadSources([{ path, text }], files, host, choice, testing);
}

/**
 * Each source is a configuration of its own, with its own names; together they make one. Where there is something to
 * report, blocks that repeat another one are read in full as well, so that it is reported of each.
 */
function loadSources(
  sources: readonly Source[],
  files: ConfigFiles,
  host: HostFacts,
  choice: DialectChoice,
  testing?: Testing,
): LoadResult {
  return (
    loadTokens(new Tokens(true), sources, files, host, choice, testing) ??
    loadTokens(new Tokens(), sources, files, host, choice, testing)!
  );
}

/** `loadText` into these tokens. Undefined where blocks that repeat another one have to be read in full. */
export function loadTokens(
  tokens: Tokens,
  sources: readonly Source[],
  files: ConfigFiles,
  host: HostFacts,
  choice: DialectChoice,
  testing?: Testing,
): LoadResult | undefined {
  const errors: ConfError[] = [];
  const warnings: Diagnostic[] = [];
  let reported = 0;
  const reporter: Reporter = {
    error: (error) => errors.push(error),
    warn: (at, message) => {
      if (tokens.isRepeated(at)) reported++;
      warnings.push(tokens.diagnostic({ at, message }, 'warning'));
    },
  };
  const configs: DaemonConfig[] = [];
  const dialects: Dialect[] = [];
  for (const { path, text } of sources) {
    const from = tokens.length;
    tokens.addFile(path, text, files);
    const own = recogniseDialect(tokens, choice, path, from);
    const lowering = new Lowering(tokens, host, reporter, own, testing);
    try {
      parseConfig(new Cursor(tokens, own, from, lowering.scope), (statement) => lowering.add(statement));
    } catch (error) {
      if (!(error instanceof ConfError)) throw error;
      errors.push(choice.version === undefined ? withDialect(error, own) : error);
    }
    const config = lowering.finish(
      path,
      tokens.length - 1,
      () => errors.length > 0,
      (at) => tokens.locate(at),
    );
    if (config) configs.push(own.version === 1 ? ofFamily(config, own.family) : config);
    dialects.push(own);
  }
  if (tokens.hasRepeats && (errors.length > 0 || reported > 0)) return undefined;
  errors.sort((a, b) => a.at - b.at);
  const complete = errors.length === 0 && configs.length > 0;
  return {
    ...(complete && {
      config: mergeConfigs(configs, (message) => reporter.warn(tokens.length - 1, message)),
    }),
    ...(dialects[0] && { dialect: dialects[0] }),
    dialects,
    errors: errors.slice(0, MAX_ERRORS).map((error) => tokens.diagnostic(error, 'error')),
    warnings,
  };
}

/** Protocols without routes keep in mind which of the two daemons of BIRD 1.6 they belong to. */
function ofFamily(config: DaemonConfig, fileFamily: FamilyIndex): DaemonConfig {
  const protocols = config.protocols.map((protocol) =>
    protocol.kind === 'bgp' || protocol.kind === 'static' ? protocol : { ...protocol, fileFamily },
  );
  return { ...config, protocols };
}

/** A syntax error, with a word on the dialect where that was recognised and may be wrong. */
function withDialect(error: ConfError, dialect: Dialect): ConfError {
  if (dialect.version === 2 || error.hint !== undefined) return error;
  const hint = "read as BIRD 1.6, because of its options outside channels; '--dialect bird2' forbids them";
  return new ConfError(error.at, error.message, hint, error.related);
}

/** `loadText` of a file; a file that cannot be read is an error at its own name. */
export function loadFile(
  path: string,
  files: ConfigFiles,
  host: HostFacts,
  choice: DialectChoice = {},
  testing?: Testing,
): LoadResult {
  return loadFiles([path], files, host, choice, testing);
}

/** Several files as one configuration, as the `bird.cfg` and `bird6.cfg` of a node are. */
export function loadFiles(
  paths: readonly string[],
  files: ConfigFiles,
  host: HostFacts,
  choice: DialectChoice = {},
  testing?: Testing,
): LoadResult {
  const sources: Source[] = [];
  for (const path of paths) {
    try {
      sources.push({ path, text: files.read(path) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Unable to open configuration file ${path}: ${reason}`;
      const location = { file: path, line: 0, column: 0 };
      return { errors: [{ severity: 'error', message, location, width: 1 }], warnings: [], dialects: [] };
    }
  }
  return loadSources(sources, files, host, choice, testing);
}
