// Beside the demo's: a run that works all night, and one that fails.
import { Annotation, END, START, StateGraph } from '@langchain/langgraph'

const State = Annotation.Root({ symbol: Annotation(), report: Annotation() })
const hours = (n) => new Promise((resolve) => setTimeout(resolve, n * 3_600_000).unref())

export const overnight = new StateGraph(State)
  .addNode('backtest', async () => {
    await hours(8)
    return { report: 'done' }
  })
  .addEdge(START, 'backtest')
  .addEdge('backtest', END)
  .compile()

export const delisted = new StateGraph(State)
  .addNode('fetch_prices', ({ symbol }) => {
    throw new RangeError(`no prices for ${symbol}: it was delisted in 2023`)
  })
  .addEdge(START, 'fetch_prices')
  .addEdge('fetch_prices', END)
  .compile()
