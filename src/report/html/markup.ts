/** HTML by tagged template: what is put in is text and is escaped, unless it is markup itself. */
import { harmless } from "../../terminal.ts";

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Value[] | null | undefined | false;

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(
    parts.map((part, i) => part + (i < values.length ? textOf(values[i]) : "")).join(""),
  );
}

/** Trusted text (a style sheet, a script) as it is. */
export function raw(text: string): Markup {
  return new Markup(text);
}

/** ` class="n"`, to stand right behind a tag's name; nothing where there is no value. */
export function attribute(name: string, value: string | number | undefined): Markup {
  return new Markup(
    value === undefined || value === "" ? "" : ` ${name}="${escapeHtml(String(value))}"`,
  );
}

/** A name that may be broken after its underscores. */
export function breakable(name: string): Markup {
  return new Markup(escapeHtml(name).replaceAll("_", "_<wbr>"));
}

/** Short facts in a row, each below its name. */
export function facts(pairs: readonly (readonly [name: string, value: string | Markup])[]): Markup {
  const one = ([name, value]: (typeof pairs)[number]): Markup =>
    html`
      <div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>
    `;
  return html`<dl class="facts">${pairs.map(one)}</dl>`;
}

function textOf(value: Value): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(textOf).join("");
  return escapeHtml(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For element content and quoted attributes. */
function escapeHtml(text: string): string {
  return harmless(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** JSON that can stand in a script element: nothing in it can end the element. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
