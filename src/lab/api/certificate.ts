/** A managed certificate: its shape in the API, what a client may send of it, and its row. */
import type { Store } from "../store.ts";

/** Field names and their order are the API's; the optional ones are left out when empty. */
export interface ManagedCertificate {
  readonly id: string;
  readonly name: string;
  readonly common_name: string;
  readonly sans: readonly string[] | null;
  readonly environment: string;
  readonly owner_id: string;
  readonly team_id: string;
  readonly issuer_id: string;
  readonly target_ids: readonly string[] | null;
  readonly renewal_policy_id: string;
  readonly certificate_profile_id?: string;
  readonly status: string;
  readonly expires_at: string;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly last_renewal_at?: string;
  readonly last_deployment_at?: string;
  readonly revoked_at?: string;
  readonly revocation_reason?: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly source?: string;
}

/** Go's zero time: what certctl stores for a certificate posted without `expires_at`. */
const ZERO_TIME = "0001-01-01T00:00:00Z";
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

type FieldType = "text" | "time" | "texts" | "map";

const FIELD_TYPES: Readonly<Record<keyof ManagedCertificate, FieldType>> = {
  id: "text",
  name: "text",
  common_name: "text",
  sans: "texts",
  environment: "text",
  owner_id: "text",
  team_id: "text",
  issuer_id: "text",
  target_ids: "texts",
  renewal_policy_id: "text",
  certificate_profile_id: "text",
  status: "text",
  expires_at: "time",
  tags: "map",
  last_renewal_at: "time",
  last_deployment_at: "time",
  revoked_at: "time",
  revocation_reason: "text",
  created_at: "time",
  updated_at: "time",
  source: "text",
};

export function zeroCertificate(): ManagedCertificate {
  return {
    id: "",
    name: "",
    common_name: "",
    sans: null,
    environment: "",
    owner_id: "",
    team_id: "",
    issuer_id: "",
    target_ids: null,
    renewal_policy_id: "",
    status: "",
    expires_at: ZERO_TIME,
    tags: null,
    created_at: ZERO_TIME,
    updated_at: ZERO_TIME,
  };
}

/**
 * The fields of a JSON document that a certificate has; others are ignored, and null is as good as absent. `undefined`
 * when the text is no JSON object or a field has the wrong type, which Go's decoder refuses too.
 */
export function decodeCertificate(text: string): Partial<ManagedCertificate> | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return undefined;
  }
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    if (!Object.hasOwn(FIELD_TYPES, name) || value === null) continue;
    if (!hasType(value, FIELD_TYPES[name as keyof ManagedCertificate])) return undefined;
    fields[name] = value;
  }
  return fields;
}

function hasType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "time":
      return typeof value === "string" && RFC3339.test(value) && !Number.isNaN(Date.parse(value));
    case "texts":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "map":
      return typeof value === "object" && !Array.isArray(value) &&
        Object.values(value as object).every((item) => typeof item === "string");
  }
}

let created = 0;

/** Inserts with certctl's defaults, and returns what was stored. Throws when a constraint is not met. */
export function createCertificate(store: Store, given: ManagedCertificate): ManagedCertificate {
  const now = new Date();
  const timeOr = (time: string): string => time === ZERO_TIME ? now.toISOString() : time;
  const certificate = {
    ...given,
    id: given.id || `cert-${now.getTime()}000000-${++created}`,
    status: given.status || "Pending",
    tags: given.tags ?? {},
    created_at: timeOr(given.created_at),
    updated_at: timeOr(given.updated_at),
  };
  store.run(INSERT, ...columns(certificate));
  return certificate;
}

const INSERT = `INSERT INTO certificates (id, name, common_name, status, environment, owner_id,
  team_id, issuer_id, renewal_policy_id, certificate_profile_id, expires_at, created_at, updated_at,
  document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Empty references are no references: only a certificate from ACME has them. */
function columns(certificate: ManagedCertificate): (string | null)[] {
  return [
    certificate.id,
    certificate.name,
    certificate.common_name,
    certificate.status,
    certificate.environment,
    certificate.owner_id || null,
    certificate.team_id || null,
    certificate.issuer_id,
    certificate.renewal_policy_id || null,
    certificate.certificate_profile_id || null,
    sortable(certificate.expires_at),
    sortable(certificate.created_at),
    sortable(certificate.updated_at),
    JSON.stringify(certificate),
  ];
}

export function readCertificate(store: Store, id: string): ManagedCertificate | undefined {
  const row = store.get<{ document: string }>("SELECT document FROM certificates WHERE id = ?", id);
  return row && JSON.parse(row.document);
}

/** Changes the fields given, and `updated_at`. */
export function updateCertificate(
  store: Store,
  certificate: ManagedCertificate,
  changes: Partial<ManagedCertificate>,
): ManagedCertificate {
  const updated = { ...certificate, ...changes, updated_at: new Date().toISOString() };
  const [, ...rest] = columns(updated);
  store.run(UPDATE, ...rest, certificate.id);
  return updated;
}

const UPDATE = `UPDATE certificates SET name = ?, common_name = ?, status = ?, environment = ?,
  owner_id = ?, team_id = ?, issuer_id = ?, renewal_policy_id = ?, certificate_profile_id = ?,
  expires_at = ?, created_at = ?, updated_at = ?, document = ? WHERE id = ?`;

/** A time of which text order is time order. */
export function sortable(time: string): string {
  return new Date(time).toISOString();
}
