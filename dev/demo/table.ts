/** How one scenario of the demo went. */
export interface Scenario {
  readonly name: string
  /** What was done to the run, its worker or its server. */
  readonly doneToIt: string
  readonly outcome: string
  readonly polls: number
  readonly seconds: number
}

const firstNumber = 3

/** @returns the scenarios as lines of text, in columns as wide as their longest word */
export function tableOf(scenarios: readonly Scenario[]): string {
  const rows = [
    ['scenario', 'what was done to it', 'outcome', 'polls', 'seconds'],
    ...scenarios.map(({ name, doneToIt, outcome, polls, seconds }) => [
      name,
      doneToIt,
      outcome,
      String(polls),
      seconds.toFixed(1),
    ]),
  ]
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const padded = (text: string, column: number) =>
    column >= firstNumber ? text.padStart(widthOf(column)) : text.padEnd(widthOf(column))
  return rows.map((row) => `  ${row.map(padded).join('  ')}`).join('\n')
}
