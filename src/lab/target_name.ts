/** The lab's TLS daemons by name: several of a type, `nginx`, `nginx-2`, `nginx-3`. Pure. */

export const TARGET_KINDS = ["nginx", "apache", "haproxy", "f5"] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];
export type TargetName = TargetKind | `${TargetKind}-${number}`;

/** certctl's word for the type. */
export const CERTCTL_TYPE: Readonly<Record<TargetKind, string>> = {
  nginx: "NGINX",
  apache: "Apache",
  haproxy: "HAProxy",
  f5: "F5",
};

export type TargetNumbers = Readonly<Partial<Record<TargetKind, number>>>;

/** One of each kind, or as many as it says. */
export function targetNames(numbers: TargetNumbers = {}): TargetName[] {
  return TARGET_KINDS.flatMap((kind) =>
    Array.from(
      { length: numbers[kind] ?? 1 },
      (_, at): TargetName => at === 0 ? kind : `${kind}-${at + 1}`,
    )
  );
}

export function kindOf(name: TargetName): TargetKind {
  return name.split("-")[0] as TargetKind;
}

/** A target's name, or `api`. */
export const SERVER_NAME = /^(api|(nginx|apache|haproxy|f5)(-([2-9]|[1-9]\d{1,2}))?)$/;
