import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('graphs.mjs', import.meta.url))
export const graphNames = [
  'work',
  'fail',
  'human',
  'two_humans',
  'nested_human',
  'flaky',
  'recovering',
  'three_questions',
  'two_at_work',
  'one_of_two',
  'with_output',
  'numbers',
  'overflow',
  'few_channels',
] as const

/** A graph of `graphs.mjs`; its twin for Python servers is in `graphs.py`. */
export type GraphName = (typeof graphNames)[number]

/** Graph name → where it is, as a JS LangGraph server takes it. */
export const graphs: Readonly<Record<string, string>> = Object.fromEntries(
  graphNames.map((name) => [name, `${file}:${name}`]),
)
