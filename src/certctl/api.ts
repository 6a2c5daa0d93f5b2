/**
 * certctl's REST API, as far as its renewal lifecycle goes: one method for each call, through a `Sender`, which is an
 * iteration (each call a step of it) or a client that only sets up and tidies away. Every call gives its value with the
 * exchange, or a `Failure`. Paths, statuses and bodies are those of certctl at aad95d31.
 */
import type { Target } from "../plan/plan.ts";
import { apiHeaders, apiUrl } from "../http/api_headers.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { jsonObject } from "../http/json_body.ts";
import type { Sender } from "../http/step.ts";
import type { Fields } from "./json.ts";
import { textOf } from "./json.ts";
import {
  type BulkCriteria,
  type BulkOutcome,
  type CertificateVersion,
  type Job,
  type ManagedCertificate,
  type Page,
  readBulk,
  readCertificate,
  readId,
  readJob,
  readPage,
  readTarget,
  readVersion,
  readWorkItem,
  type TargetRow,
  type WorkItem,
} from "./resources.ts";

/** A call's value, and the exchange that gave it. */
export interface Answer<T> {
  readonly value: T;
  readonly exchange: Exchange;
}

type Asked<T> = Promise<Answer<T> | Failure>;

export interface NewCertificate {
  readonly name: string;
  readonly commonName: string;
  readonly sans: readonly string[];
  readonly ownerId: string;
  readonly teamId: string;
  readonly issuerId: string;
  readonly renewalPolicyId: string;
  readonly environment: string;
  /** RFC 3339; without one the server's renewal check takes the certificate for one of the year 1. */
  readonly expiresAt: string;
}

/** Of the agent's host; certctl keeps what it is told. */
export interface AgentFacts {
  readonly version: string;
  readonly hostname: string;
  readonly os: string;
  readonly architecture: string;
  readonly ipAddress: string;
}

export interface JobQuery {
  readonly status?: string;
  readonly type?: string;
  readonly page?: number;
  /** 500 at most; beyond that the server takes 50. */
  readonly perPage?: number;
}

export interface NewTarget {
  readonly name: string;
  /** `NGINX`, `Apache`, `HAProxy`, `F5`, ... */
  readonly type: string;
  readonly agentId: string;
}

interface Call<T> {
  /** Of the flow's steps. */
  readonly step: string;
  readonly method: string;
  /** Below `/api/v1`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly statuses: readonly number[];
  /** What of the answer's JSON is wanted, or a complaint; absent: its status says all. */
  readonly read?: (fields: Fields) => T | string;
}

const encoder = new TextEncoder();
const API = "/api/v1";

/**
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createClient } from "../http/client.ts";
 * import { unmeasured } from "../http/step.ts";
 *
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () =>
 *   Response.json({ id: "cert-1", status: "Pending" }, { status: 201 }));
 * const tls = { insecureSkipVerify: false };
 * const client = await createClient({ tls, protocol: "http/1.1", maxBodyBytes: 1 << 20 });
 * const signal = new AbortController().signal;
 *
 * const api = new CertctlApi({ baseUrl: `http://127.0.0.1:${server.addr.port}`, headers: {}, tls });
 * const created = await api.createCertificate(unmeasured({ client, timeoutMs: 5_000, signal }), {
 *   name: "web-1", commonName: "web-1.example.com", sans: ["web-1.example.com"],
 *   ownerId: "o-alice", teamId: "t-platform", issuerId: "iss-local", renewalPolicyId: "rp-standard",
 *   environment: "production", expiresAt: "2030-01-01T00:00:00Z",
 * });
 * assertEquals("value" in created && created.value, { id: "cert-1", status: "Pending" });
 *
 * client.close();
 * await server.shutdown();
 * ```
 */
export class CertctlApi {
  readonly #target: Target;
  readonly #headers: Readonly<Record<string, string>>;
  /** Of a request with a body. */
  readonly #typed: Readonly<Record<string, string>>;

  constructor(target: Target) {
    const url = apiUrl(target, API);
    this.#target = target;
    this.#headers = apiHeaders(target, url);
    this.#typed = apiHeaders(target, url, { "content-type": "application/json" });
  }

  createCertificate(
    sender: Sender,
    certificate: NewCertificate,
    step = "create",
  ): Asked<ManagedCertificate> {
    const { name, commonName, sans, environment } = certificate;
    const body = {
      name,
      common_name: commonName,
      sans,
      owner_id: certificate.ownerId,
      team_id: certificate.teamId,
      issuer_id: certificate.issuerId,
      renewal_policy_id: certificate.renewalPolicyId,
      environment,
      expires_at: certificate.expiresAt,
    };
    const path = "/certificates";
    return this.#ask(sender, {
      step,
      method: "POST",
      path,
      body,
      statuses: [201],
      read: readCertificate,
    });
  }

  certificate(sender: Sender, id: string, step = "certificate"): Asked<ManagedCertificate> {
    const path = `/certificates/${encodeURIComponent(id)}`;
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read: readCertificate });
  }

  /** The oldest first, with the number of all. */
  certificates(
    sender: Sender,
    perPage = 50,
    step = "certificates",
  ): Asked<Page<ManagedCertificate>> {
    const path = `/certificates?per_page=${perPage}`;
    const read = readPage(readCertificate);
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read });
  }

  /** Makes an Issuance or Renewal job, whose id it does not tell. 409 while another one is in progress. */
  renew(sender: Sender, id: string, step = "renew"): Asked<void> {
    const path = `/certificates/${encodeURIComponent(id)}/renew`;
    return this.#ask(sender, { step, method: "POST", path, statuses: [202] });
  }

  /** A soft archive: the row stays. */
  archiveCertificate(sender: Sender, id: string, step = "archive"): Asked<void> {
    const path = `/certificates/${encodeURIComponent(id)}`;
    return this.#ask(sender, { step, method: "DELETE", path, statuses: [204] });
  }

  /** What was issued, newest first. */
  versions(
    sender: Sender,
    id: string,
    perPage = 50,
    step = "versions",
  ): Asked<Page<CertificateVersion>> {
    const path = `/certificates/${encodeURIComponent(id)}/versions?per_page=${perPage}`;
    const read = readPage(readVersion);
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read });
  }

  /** The targets that a certificate is bound to: no jobs, and no state. */
  boundTargets(sender: Sender, id: string, step = "bound_targets"): Asked<Page<TargetRow>> {
    const path = `/certificates/${encodeURIComponent(id)}/deployments`;
    const read = readPage(readTarget);
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read });
  }

  /** By ids: all of them. By anything else: the 50 oldest at most. */
  bulkRenew(sender: Sender, criteria: BulkCriteria, step = "bulk_renew"): Asked<BulkOutcome> {
    const path = "/certificates/bulk-renew";
    const body = criteriaBody(criteria);
    const read = readBulk("total_enqueued");
    return this.#ask(sender, { step, method: "POST", path, body, statuses: [200], read });
  }

  /** Wants a key of an administrator. Answers when all is done. */
  bulkRevoke(
    sender: Sender,
    criteria: BulkCriteria,
    reason: string,
    step = "bulk_revoke",
  ): Asked<BulkOutcome> {
    const path = "/certificates/bulk-revoke";
    const body = { reason, ...criteriaBody(criteria) };
    const read = readBulk("total_revoked");
    return this.#ask(sender, { step, method: "POST", path, body, statuses: [200], read });
  }

  /** Newest first. The server loads and filters all of them: dear where there are many. */
  jobs(sender: Sender, query: JobQuery = {}, step = "jobs"): Asked<Page<Job>> {
    const path = `/jobs${queryText(query)}`;
    return this.#ask(sender, {
      step,
      method: "GET",
      path,
      statuses: [200],
      read: readPage(readJob),
    });
  }

  job(sender: Sender, id: string, step = "job"): Asked<Job> {
    const path = `/jobs/${encodeURIComponent(id)}`;
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read: readJob });
  }

  createTarget(sender: Sender, target: NewTarget, step = "create_target"): Asked<TargetRow> {
    const body = { name: target.name, type: target.type, agent_id: target.agentId };
    const path = "/targets";
    return this.#ask(sender, {
      step,
      method: "POST",
      path,
      body,
      statuses: [201],
      read: readTarget,
    });
  }

  deleteTarget(sender: Sender, id: string, step = "delete_target"): Asked<void> {
    const path = `/targets/${encodeURIComponent(id)}`;
    return this.#ask(sender, { step, method: "DELETE", path, statuses: [204] });
  }

  /** The server gives the id. 409 where the name is taken. */
  registerAgent(
    sender: Sender,
    agent: { readonly name: string; readonly hostname: string },
    step = "register",
  ): Asked<{ readonly id: string }> {
    const body = { name: agent.name, hostname: agent.hostname };
    const path = "/agents";
    return this.#ask(sender, { step, method: "POST", path, body, statuses: [201], read: readId });
  }

  /** 404: unknown; 410: retired. */
  heartbeat(
    sender: Sender,
    agentId: string,
    facts: AgentFacts,
    step = "heartbeat",
  ): Asked<void> {
    const { version, hostname, os, architecture, ipAddress } = facts;
    const body = { version, hostname, os, architecture, ip_address: ipAddress };
    const path = `/agents/${encodeURIComponent(agentId)}/heartbeat`;
    return this.#ask(sender, { step, method: "POST", path, body, statuses: [200] });
  }

  /** What there is to do. certctl as shipped answers 500 (SQLSTATE 0A000). */
  work(sender: Sender, agentId: string, step = "work"): Asked<readonly WorkItem[]> {
    const path = `/agents/${encodeURIComponent(agentId)}/work`;
    const read = (fields: Fields): readonly WorkItem[] | string => {
      const page = readPage(readWorkItem)({ data: fields["jobs"], total: fields["count"] });
      return typeof page === "string" ? page : page.items;
    };
    return this.#ask(sender, { step, method: "GET", path, statuses: [200], read });
  }

  /** Issues at once. With `certificateId` its AwaitingCSR job is done, and each bound target gets a Deployment job. */
  submitCsr(
    sender: Sender,
    agentId: string,
    certificateId: string | undefined,
    csrPem: string,
    step = "csr",
  ): Asked<void> {
    const path = `/agents/${encodeURIComponent(agentId)}/csr`;
    const body = {
      csr_pem: csrPem,
      ...(certificateId !== undefined && { certificate_id: certificateId }),
    };
    return this.#ask(sender, { step, method: "POST", path, body, statuses: [202] });
  }

  /** The newest certificate, leaf first, as PEM. */
  async fetchCertificate(
    sender: Sender,
    agentId: string,
    certificateId: string,
    step = "fetch",
  ): Asked<string> {
    const path = `/agents/${encodeURIComponent(agentId)}/certificates/` +
      encodeURIComponent(certificateId);
    const read = (fields: Fields): { pem: string } | string => {
      const pem = textOf(fields, "certificate_pem");
      const isPem = pem?.includes("-----BEGIN CERTIFICATE-----");
      return isPem ? { pem: pem! } : `expected PEM in "certificate_pem"`;
    };
    const answer = await this.#ask(sender, { step, method: "GET", path, statuses: [200], read });
    return isFailure(answer) ? answer : { ...answer, value: answer.value.pem };
  }

  /** `Running`, `Completed` or `Failed`; the server takes any text. */
  reportJob(
    sender: Sender,
    agentId: string,
    jobId: string,
    status: string,
    error = "",
    step = "report",
  ): Asked<void> {
    const path = `/agents/${encodeURIComponent(agentId)}/jobs/${encodeURIComponent(jobId)}/status`;
    return this.#ask(sender, {
      step,
      method: "POST",
      path,
      body: { status, error },
      statuses: [200],
    });
  }

  /** A soft retirement. */
  retireAgent(sender: Sender, id: string, reason: string, step = "retire"): Asked<void> {
    const query = new URLSearchParams({ force: "true", reason });
    const path = `/agents/${encodeURIComponent(id)}?${query}`;
    return this.#ask(sender, { step, method: "DELETE", path, statuses: [200, 204] });
  }

  async #ask<T>(
    sender: Sender,
    { step, method, path, body, statuses, read }: Call<T>,
  ): Asked<T> {
    const url = apiUrl(this.#target, API + path);
    const request = body === undefined
      ? { method, url, headers: this.#headers }
      : { method, url, headers: this.#typed, body: encoder.encode(JSON.stringify(body)) };
    let value: T | undefined;
    const check = (exchange: Exchange): string | undefined => {
      const fields = jsonObject(exchange);
      const got = typeof fields === "string" ? fields : read!(fields);
      if (typeof got === "string") return got;
      value = got;
    };
    const expect = {
      status: statuses,
      ...(read && { contentType: "application/json", check }),
    };
    const { exchange, failure } = await sender.step(step, request, expect);
    return failure ?? { value: value as T, exchange };
  }
}

function queryText({ status, type, page, perPage }: JobQuery): string {
  const given = { status, type, page, per_page: perPage };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}

function criteriaBody(criteria: BulkCriteria): Record<string, unknown> {
  return {
    certificate_ids: criteria.certificateIds,
    owner_id: criteria.ownerId,
    team_id: criteria.teamId,
    issuer_id: criteria.issuerId,
    profile_id: criteria.profileId,
    agent_id: criteria.agentId,
  };
}
