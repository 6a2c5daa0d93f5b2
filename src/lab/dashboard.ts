/** What certctl answers with on a path that its API does not know, when its dashboard is installed: a page, and 200. */
import type { LabResponse } from "./http/message.ts";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <title>certctl</title>
    <script type="module" crossorigin src="/assets/index.js"></script>
  </head>
  <body>
    <div id="root"></div>
  </body>
</html>
`;

export function dashboard(): LabResponse {
  return { status: 200, headers: { "Content-Type": "text/html; charset=utf-8" }, body: PAGE };
}
