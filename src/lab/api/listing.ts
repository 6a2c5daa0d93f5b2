/** GET /api/v1/certificates: filters, order and pages as SQL. */
import { jsonText, type LabRequest, type LabResponse } from "../http/message.ts";
import type { Store } from "../store.ts";
import { sortable } from "./certificate.ts";

/** What a list of certificates is filtered by, and what a bulk call chooses by. */
export const FILTERS: Readonly<Record<string, string>> = {
  status: "status = ?",
  environment: "environment = ?",
  owner_id: "owner_id = ?",
  team_id: "team_id = ?",
  issuer_id: "issuer_id = ?",
  profile_id: "certificate_profile_id = ?",
  agent_id: `id IN (SELECT m.certificate_id FROM mappings m JOIN targets t ON t.id = m.target_id
    WHERE t.agent_id = ?)`,
};
const TIME_FILTERS: Readonly<Record<string, string>> = {
  expires_before: "expires_at < ?",
  expires_after: "expires_at > ?",
  created_after: "created_at > ?",
  updated_after: "updated_at > ?",
};
const SORT_COLUMNS: Readonly<Record<string, string>> = {
  notAfter: "expires_at",
  expiresAt: "expires_at",
  createdAt: "created_at",
  updatedAt: "updated_at",
  commonName: "common_name",
  name: "name",
  status: "status",
  environment: "environment",
};
const DEFAULT_PER_PAGE = 50;
const MAX_PER_PAGE = 500;

export interface Page {
  readonly page: number;
  readonly perPage: number;
}

/** What is no number, or out of range, is the default: certctl refuses none. */
export function pageOf(query: URLSearchParams): Page {
  const perPage = positive(query.get("per_page"));
  return {
    page: positive(query.get("page")) ?? 1,
    perPage: perPage !== undefined && perPage <= MAX_PER_PAGE ? perPage : DEFAULT_PER_PAGE,
  };
}

function positive(text: string | null): number | undefined {
  return text !== null && /^\+?\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

export function listCertificates(store: Store, { query }: LabRequest): LabResponse {
  const { page, perPage } = pageOf(query);
  const { where, values } = filterOf(query);
  const total = store.get<{ total: number }>(
    `SELECT count(*) AS total FROM certificates${where}`,
    ...values,
  )!.total;
  const rows = store.all<{ document: string }>(
    `SELECT document FROM certificates${where} ORDER BY ${orderOf(query)} LIMIT ? OFFSET ?`,
    ...values,
    perPage,
    (page - 1) * perPage,
  );
  const fields = query.get("fields");
  const documents = rows.map((row) => fields ? only(row.document, fields) : row.document);
  return pageAnswer(`[${documents.join(",")}]`, total, { page, perPage });
}

/** A page of a table of documents, latest first; certctl's data is null where there is none. Values by condition. */
export function latestFirst(
  store: Store,
  query: URLSearchParams,
  table: "versions" | "jobs",
  conditions: Readonly<Record<string, string>>,
): LabResponse {
  const { page, perPage } = pageOf(query);
  const clauses = Object.keys(conditions);
  const where = clauses.length > 0 ? ` WHERE ${clauses.join(" AND ")}` : "";
  const values = Object.values(conditions);
  const total = store.get<{ total: number }>(
    `SELECT count(*) AS total FROM ${table}${where}`,
    ...values,
  )!.total;
  const rows = store.all<{ document: string }>(
    `SELECT document FROM ${table}${where} ORDER BY sequence DESC LIMIT ? OFFSET ?`,
    ...values,
    perPage,
    (page - 1) * perPage,
  );
  const data = rows.length > 0 ? `[${rows.map((row) => row.document).join(",")}]` : "null";
  return pageAnswer(data, total, { page, perPage });
}

/** A page of rows that are made for this answer. */
export function pageOfAll(query: URLSearchParams, all: readonly unknown[]): LabResponse {
  const { page, perPage } = pageOf(query);
  const data = all.slice((page - 1) * perPage, page * perPage);
  return pageAnswer(data.length > 0 ? JSON.stringify(data) : "null", all.length, { page, perPage });
}

export function pageAnswer(data: string, total: number, { page, perPage }: Page): LabResponse {
  return jsonText(200, `{"data":${data},"total":${total},"page":${page},"per_page":${perPage}}`);
}

function filterOf(query: URLSearchParams): { where: string; values: string[] } {
  const conditions: string[] = [];
  const values: string[] = [];
  for (const [name, value] of query) {
    const condition = value && FILTERS[name];
    if (condition) {
      conditions.push(condition);
      values.push(value);
    } else if (name in TIME_FILTERS && !Number.isNaN(Date.parse(value))) {
      conditions.push(TIME_FILTERS[name]!);
      values.push(sortable(value));
    }
  }
  return { where: conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "", values };
}

/** Oldest first unless asked otherwise, so that new certificates are on the last page. */
function orderOf(query: URLSearchParams): string {
  const sort = query.get("sort") ?? "";
  const descends = sort.startsWith("-") || query.get("sort_desc") === "true";
  const column = SORT_COLUMNS[sort.replace(/^-/, "")] ?? "created_at";
  const direction = sort && descends ? "DESC" : "ASC";
  return `${column} ${direction}, sequence ${direction}`;
}

function only(document: string, fields: string): string {
  const names = new Set(fields.split(","));
  return JSON.stringify(JSON.parse(document), (key, value) => {
    if (key !== "" || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name)));
  });
}
