/** Names as the API server takes them (RFC 1123); what is no name would lead a path elsewhere. */

/** Of namespaces: a label. */
export const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const NAMESPACE_WANTED = "must be a namespace: small letters, digits and -";

/** Of Secrets: labels with dots between them. */
export const SECRET_NAME =
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
