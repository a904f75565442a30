import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

export type Row = Record<string, SQLOutputValue>;

/** A row holds something else than the schema says. Only damage does that. */
export class MalformedRowError extends Error {
  constructor(column: string, wanted: string) {
    super(`column ${column} holds no ${wanted}`);
    this.name = "MalformedRowError";
  }
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new MalformedRowError(column, "number");
  return value;
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new MalformedRowError(column, "text");
  return value;
}

export function blobOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new MalformedRowError(column, "blob");
  return value;
}

/** The single number of a query that gives one, e.g. a count or a pragma. */
export function scalar(db: DatabaseSync, sql: string): number {
  const value = Object.values(db.prepare(sql).get() ?? {})[0];
  if (typeof value !== "number") throw new MalformedRowError(sql, "number");
  return value;
}
