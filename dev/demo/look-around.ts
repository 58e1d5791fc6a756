import { startPurchase, untilItAsks } from './scenarios.ts'
import type { Stage } from './stage.ts'

const purchase = 'demo/buy-MSFT'
const cli = 'node --import tsx src/cli.ts'

/** Leaves one run waiting for a human, and says how to continue by oneself. @returns never: until told to end */
export async function lookAround(stage: Stage): Promise<never> {
  const { screen, lifetime, temporal } = stage
  screen.title('Your turn')
  const handle = await startPurchase(stage, purchase, 'MSFT')
  const question = await untilItAsks(stage, handle)
  const { runId } = await lifetime.during(handle.describe())
  const webUi = `${temporal.uiUrl}/namespaces/default/workflows`
  screen.say(`One more run is waiting for a human: for you. It asks "${question}"`)
  screen.row('Temporal Web UI', webUi)
  screen.row('its question', `${webUi}/${encodeURIComponent(purchase)}/${runId}/user-metadata`)
  screen.row('Temporal CLI', temporal.executable)
  screen.say(`\nPaste these lines into another terminal, in this folder:\n${linesToPaste(stage)}`)
  screen.say('\nEverything stays up until you press Ctrl-C.')
  return lifetime.untilEnd()
}

function linesToPaste({ temporal, langGraphUrl }: Stage): string {
  const lines = [
    [
      'Where Temporal and LangGraph are:',
      `export TEMPORAL_ADDRESS=${temporal.address} LANGGRAPH_API_URL=${langGraphUrl}`,
    ],
    ['All watches, and who is waiting for a human:', `${cli} list`],
    ['The question:', `${cli} status --id ${purchase}`],
    ['Your answer, "yes" or "no":', `${cli} resume --id ${purchase} --value '"yes"'`],
    ['What became of it:', `${cli} watch --id ${purchase}`],
    ['A run of your own:', `${cli} execute trading --input '{"symbol": "NVDA"}' --id demo/NVDA`],
  ]
  return lines.map(([what, line]) => `  ${what}\n    ${line}`).join('\n')
}
