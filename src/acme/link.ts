/** Link headers (RFC 8288 section 3). Pure. */

/** Whether one of the header's links has this relation. What is malformed has none from there on. */
export function hasLink(header: string, relation: string): boolean {
  let at = 0;
  const spaces = (): void => {
    while (header[at] === " " || header[at] === "\t") at++;
  };
  const until = (ends: string): string => {
    const start = at;
    while (at < header.length && !ends.includes(header[at]!)) at++;
    return header.slice(start, at);
  };
  const quoted = (): string => {
    let text = "";
    for (at++; at < header.length && header[at] !== '"'; at++) {
      if (header[at] === "\\") at++;
      text += header[at] ?? "";
    }
    at++;
    return text;
  };
  while (at < header.length) {
    spaces();
    if (header[at] !== "<") return false;
    until(">");
    at++;
    for (spaces(); header[at] === ";"; spaces()) {
      at++;
      spaces();
      const name = until("=;, \t").toLowerCase();
      spaces();
      if (header[at] !== "=") continue;
      at++;
      spaces();
      const value = header[at] === '"' ? quoted() : until(";, \t");
      const relations = value.toLowerCase().split(/\s+/);
      if (name === "rel" && relations.includes(relation.toLowerCase())) return true;
    }
    if (header[at] === ",") at++;
  }
  return false;
}
