// Beside the demo's: a run that works all night, one that asks, and one that fails.
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'

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

export const rebalance = new StateGraph(State)
  .addNode('ask', ({ symbol }) => {
    const question = `The 5-day average of ${symbol} is above its 20-day average, but 38% of the portfolio is in ${symbol} already: buy 200 more at 412.80 or less?`
    return { report: interrupt({ question, answers: ['yes', 'no'], risk: { portfolio_share: 0.38, limit: 0.4 } }) }
  })
  .addEdge(START, 'ask')
  .addEdge('ask', END)
  .compile()

export const delisted = new StateGraph(State)
  .addNode('fetch_prices', ({ symbol }) => {
    throw new RangeError(`no prices for ${symbol}: it was delisted in 2023`)
  })
  .addEdge(START, 'fetch_prices')
  .addEdge('fetch_prices', END)
  .compile()
