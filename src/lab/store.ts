/** The lab's database: SQLite, in memory or a file. One connection, and every call is synchronous. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

type Row = Record<string, unknown>;

export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Without a path: in memory. With one: a file in WAL mode, made when missing, for its owner only. */
  constructor(path?: string) {
    if (path !== undefined) makePrivate(path);
    this.#database = new DatabaseSync(path ?? ":memory:");
    this.#database.exec("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000");
    if (path !== undefined) {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    }
  }

  /** Several statements, without parameters. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  /** Number of rows changed. Throws when a constraint is not met. */
  run(sql: string, ...parameters: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...parameters).changes);
  }

  get<T = Row>(sql: string, ...parameters: SQLInputValue[]): T | undefined {
    return this.#prepared(sql).get(...parameters) as T | undefined;
  }

  all<T = Row>(sql: string, ...parameters: SQLInputValue[]): T[] {
    return this.#prepared(sql).all(...parameters) as T[];
  }

  /** All of it or nothing. `work` must not wait for anything: the connection is shared. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** The statements are few and made of constants; parameters are always bound. */
  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function makePrivate(path: string): void {
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
}
