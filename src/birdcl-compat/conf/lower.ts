/** From statements to `DaemonConfig`: names, constants, inheritance, checks. Statements are taken in order, as BIRD does. */
import type { Behaviour } from '../filter/behaviour.ts';
import { checkFilterDefinition, checkFunction } from '../filter/check.ts';
import type { AssertHook } from '../filter/run.ts';
import type { TestCase } from '../filter/suites.ts';
import type { ProtocolNode, StatementNode } from './ast.ts';
import { constant } from './constants.ts';
import { ConfError } from './diagnostics.ts';
import { newGlobals } from './grammar/global.ts';
import { lowerLanguageStatement } from './grammar/language.ts';
import type { GlobalDraft } from './grammar/global.ts';
import type { ProtocolDraft } from './grammar/protocol.ts';
import type { TableDraft } from './grammar/table.ts';
import type { AnyProtocolConfig, DaemonConfig, TableConfig } from './lowered.ts';
import { chooseRouterId } from './router-id.ts';
import type { HostFacts } from './router-id.ts';
import { applyOptions } from './rules.ts';
import type { Context } from './rules.ts';
import { Scope } from './scope.ts';
import type { Location } from './source.ts';

/** Where lowering reports; both take the token that they are about. */
export interface Reporter {
  error(error: ConfError): void;
  warn(at: number, message: string): void;
}

/** How a configuration is read whose tests are run. */
export interface Testing {
  readonly behaviour?: Behaviour;
  /** Takes the outcome of `bt_assert` in import filters of static protocols. */
  readonly assertHook?: AssertHook;
}

interface PendingProtocol {
  readonly node: ProtocolNode;
  readonly draft: ProtocolDraft;
}

export class Lowering {
  readonly #reporter: Reporter;
  readonly #host: HostFacts;
  readonly #assertHook: AssertHook | undefined;
  readonly #scope: Scope;
  readonly #context: Context;
  readonly #globals: GlobalDraft = newGlobals();
  readonly #tables: TableConfig[] = [];
  readonly #pending: PendingProtocol[] = [];
  readonly #counters = new Map<string, number>();
  readonly #tests: TestCase[] = [];

  constructor(host: HostFacts, reporter: Reporter, testing: Testing = {}) {
    this.#host = host;
    this.#reporter = reporter;
    this.#assertHook = testing.assertHook;
    // A function that calls itself is looked at more than once.
    const said = new Set<string>();
    const warn = (at: number, message: string): void => {
      const key = `${at} ${message}`;
      if (said.has(key)) return;
      said.add(key);
      reporter.warn(at, message);
    };
    this.#scope = new Scope(warn, testing.behaviour);
    this.#context = {
      scope: this.#scope,
      warn,
    };
    for (const [name, family] of [['master4', 0] as const, ['master6', 1] as const]) {
      const table = { name, family, sorted: false };
      this.#tables.push(table);
      this.#scope.define(name, 0, { kind: 'table', table });
    }
  }

  /** Takes one statement; its errors go to the reporter. */
  add(statement: StatementNode): void {
    try {
      this.#add(statement);
    } catch (error) {
      if (!(error instanceof ConfError)) throw error;
      this.#reporter.error(error);
    }
  }

  #add(statement: StatementNode): void {
    switch (statement.kind) {
      case 'global':
        applyOptions(this.#globals, [statement.option], this.#context);
        break;
      case 'define': {
        const { type, value } = constant(statement.value, this.#scope);
        this.#scope.define(statement.name.name, statement.name.at, { kind: 'constant', type, value });
        break;
      }
      case 'filter': {
        const filter = checkFilterDefinition(statement.filter, this.#scope);
        this.#scope.define(statement.filter.name!, statement.filter.nameAt, { kind: 'filter', filter });
        break;
      }
      case 'function': {
        const program = checkFunction(statement.function, this.#scope);
        this.#scope.define(statement.function.name, statement.function.nameAt, {
          kind: 'function',
          function: program,
        });
        break;
      }
      case 'table': {
        const draft: TableDraft = { sorted: statement.sorted };
        applyOptions(draft, statement.options, this.#context);
        const { name, at } = statement.name;
        const table = { name, family: statement.family, sorted: draft.sorted };
        this.#addTable(table, at);
        break;
      }
      case 'protocol':
        this.#addProtocol(statement);
        break;
      case 'language':
        lowerLanguageStatement(statement.statement, this.#scope, this.#tests);
        break;
      case 'refused':
        throw new ConfError(statement.at, statement.message, statement.hint);
    }
  }

  /** `ipv4 table master4` may restate a table that is there anyway. */
  #addTable(table: TableConfig, at: number): void {
    const index = this.#tables.findIndex(({ name }) => name === table.name);
    if (index >= 0 && index < 2 && this.#tables[index]!.family === table.family) {
      if (table.sorted)
        throw new ConfError(at, `Table ${table.name} cannot be sorted`, 'use a table of another name');
      return;
    }
    this.#scope.define(table.name, at, { kind: 'table', table });
    this.#tables.push(table);
  }

  #addProtocol(node: ProtocolNode): void {
    const { grammar, template } = node;
    const draft = this.#inherit(node);
    const kind = template ? 'template' : 'protocol';
    draft.name = node.name?.name ?? this.#defaultName(grammar.defaultName);
    this.#scope.define(draft.name, node.name?.at ?? node.at, { kind, protocol: grammar.word, draft });
    applyOptions(draft, node.options, this.#context);
    if (!template) this.#pending.push({ node, draft });
  }

  #inherit({ grammar, from }: ProtocolNode): ProtocolDraft {
    if (!from) return grammar.create(this.#globals.debugProtocols, this.#context);
    const message = 'Template or protocol name expected';
    const parent = this.#scope.require(from.name, from.at, ['template', 'protocol'], message);
    if (parent.protocol !== grammar.word) {
      throw new ConfError(from.at, "Can't copy configuration from a different protocol type");
    }
    if (!grammar.copy) {
      throw new ConfError(from.at, `Inheriting configuration for ${grammar.word} is not supported`);
    }
    return grammar.copy(parent.draft as ProtocolDraft);
  }

  #defaultName(prefix: string): string {
    for (;;) {
      const count = (this.#counters.get(prefix) ?? 0) + 1;
      this.#counters.set(prefix, count);
      if (!this.#scope.get(prefix + String(count))) return prefix + String(count);
    }
  }

  /** The whole, after the last statement. Undefined where something was wrong; the reporter knows what. */
  finish(
    path: string,
    end: number,
    failed: () => boolean,
    locate: (at: number) => Location,
  ): DaemonConfig | undefined {
    const globals = this.#globals;
    const routerId = globals.routerId ?? chooseRouterId(globals.routerIdFrom, this.#host);
    const protocols: AnyProtocolConfig[] = [];
    for (const { node, draft } of this.#pending) {
      try {
        const context = {
          ...this.#context,
          routerId: routerId ?? 0,
          end: node.end,
          assertHook: this.#assertHook,
          hostname: globals.hostname ?? this.#host.hostname,
        };
        const config = node.grammar.finish(draft, context);
        if (config) protocols.push(config);
      } catch (error) {
        if (!(error instanceof ConfError)) throw error;
        this.#reporter.error(error);
      }
    }
    if (failed()) return undefined;
    if (this.#pending.length === 0) {
      this.#reporter.error(new ConfError(end, 'No protocol is specified in the config file'));
    }
    if (routerId === undefined || routerId === 0) {
      const hint =
        "this host has no IPv4 address to take it from; add 'router id 192.0.2.1;' with a number of your own";
      this.#reporter.error(
        new ConfError(0, 'Cannot determine router ID, please configure it manually', hint),
      );
    }
    if (failed()) return undefined;
    return {
      path,
      routerId: routerId!,
      ...(globals.hostname !== undefined && { hostname: globals.hostname }),
      log: globals.log,
      debugCommands: globals.debugCommands,
      timeFormats: globals.timeFormats,
      gracefulRestartWaitS: globals.gracefulRestartWaitS,
      watchdogWarningMs: globals.watchdogWarningMs,
      tables: this.#tables,
      protocols,
      symbols: this.#scope,
      tests: this.#tests,
      locate,
    };
  }
}
