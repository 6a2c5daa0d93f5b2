/**
 * `deno task test`: all tests, in two runs. First files that share nothing with others, as many at a time as there are
 * cores; then, one file after the other, what measures, starts the whole program, or changes this process. Types are
 * `deno task check`'s.
 */
const SHARING_NOTHING = [
  ...[
    "acme",
    "capacity",
    "certctl",
    "conform",
    "flows",
    "fuzz",
    "http",
    "keys",
    "lab",
    "masking",
    "metrics",
  ],
  ...["plan", "report", "tls13", "verdict"],
].map((folder) => `tests/${folder}`);

const RUNS = [
  ["--parallel", ...SHARING_NOTHING],
  [`--ignore=${SHARING_NOTHING.join()}`, "tests"],
];

for (const args of RUNS) {
  const all = ["test", "-A", "--no-check", ...args];
  const { code } = await new Deno.Command(Deno.execPath(), { args: all }).spawn().status;
  Deno.exitCode ||= code;
}
