/** A table that is also read on a phone, where each row becomes a card and each figure carries its column's head. */
import { attribute, html, type Markup } from "./markup.ts";

export interface Column {
  readonly head: string;
  /** To the left and wrapped; figures are to the right and are not. */
  readonly text?: true;
  /** The head is for those who hear the page: what is in the column says it to those who see it. */
  readonly unseen?: true;
}

type Content = string | Markup | readonly Markup[];

interface Cell {
  readonly is: Content;
  readonly class?: string | undefined;
  readonly title?: string | undefined;
  /** What the row is about; over `rows` rows, of which the others then have a cell less. */
  readonly heads?: "row" | "rowgroup";
  readonly rows?: number;
}

export interface Row {
  readonly class?: string | undefined;
  readonly cells: readonly (Cell | string | Markup)[];
}

/** `kind` is a class for the table's style. */
export function table(kind: string, columns: readonly Column[], rows: readonly Row[]): Markup {
  const heads = columns.map(({ head, text, unseen }) =>
    html`
      <th scope="col" ${attribute("class", text ? "" : "n")}>${unseen
        ? html`<span class="unseen">${head}</span>`
        : head}</th>
    `
  );
  const body = rows.map((row) => {
    // Where a cell of an earlier row reaches down, this row begins further to the right.
    const from = columns.length - row.cells.length;
    const cells = row.cells.map((cell, i) => cellOf(cell, columns[from + i]));
    return html`<tr${attribute("class", row.class)}>${cells}</tr>\n`;
  });
  return html`
    <div class="scroll">
      <table class="${kind}">
        <thead>
          <tr>${heads}</tr>
        </thead>
        <tbody>
    ${body}</tbody>
      </table>
    </div>
  `;
}

function cellOf(given: Row["cells"][number], column: Column | undefined): Markup {
  const cell: Cell = typeof given === "string" || !("is" in given) ? { is: given } : given;
  const title = attribute("title", cell.title);
  if (cell.heads) {
    const over = [attribute("scope", cell.heads), attribute("rowspan", cell.rows)];
    return html`<th${over}${attribute("class", cell.class)}${title}>${cell.is}</th>`;
  }
  const classes = [column?.text ? "" : "n", cell.class].filter(Boolean).join(" ");
  const head = attribute("data-head", column?.unseen ? "" : column?.head);
  return html`<td${attribute("class", classes)}${head}${title}>${cell.is}</td>`;
}
