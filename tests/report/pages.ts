/** What is asked of a page in a browser. */

export const BROWSER: [string, ...string[]] = ["chromium", "chromium-browser", "google-chrome"];

/** Each finding with the elements that it is of. */
export const AXE = `axe.run().then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html }) => html).join(" ")))`;

/** Places for charts, canvases in them, and those in which something was drawn. */
export const DRAWN = `[
  document.querySelectorAll("[data-chart]").length,
  document.querySelectorAll("canvas").length,
  Array.from(document.querySelectorAll("canvas")).filter((canvas) =>
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
      .data.some((byte) => byte > 0)).length,
]`;
