// A toy trading analyst that needs no model: it "works" for a few seconds, then gives a signal.
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'

const State = Annotation.Root({
  symbol: Annotation(),
  prices: Annotation(),
  trading_signal: Annotation(),
  analysis_summary: Annotation(),
  order: Annotation(),
})

const average = (list) => list.reduce((sum, price) => sum + price, 0) / list.length
const seconds = (n) => new Promise((resolve) => setTimeout(resolve, n * 1000))

async function fetchPrices({ symbol }) {
  await seconds(2)
  const seed = [...symbol].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
  return { prices: Array.from({ length: 20 }, (_, day) => 100 + ((seed * (day + 7)) % 23) + day / 2) }
}

async function analyse({ symbol, prices }) {
  await seconds(2)
  const [short, long] = [average(prices.slice(-5)), average(prices)]
  const trading_signal = short > long ? 'BUY' : 'SELL'
  const analysis_summary = `${symbol}: the 5-day average ${short.toFixed(2)} is ${short > long ? 'above' : 'below'} the 20-day average ${long.toFixed(2)}`
  return { trading_signal, analysis_summary }
}

export const trading = new StateGraph(State)
  .addNode('fetch_prices', fetchPrices)
  .addNode('analyse', analyse)
  .addEdge(START, 'fetch_prices')
  .addEdge('fetch_prices', 'analyse')
  .addEdge('analyse', END)
  .compile()

/** The same, but a human says yes or no before anything is bought or sold. */
export const approval = new StateGraph(State)
  .addNode('fetch_prices', fetchPrices)
  .addNode('analyse', analyse)
  .addNode('ask', ({ symbol, trading_signal }) => {
    const answer = interrupt({ question: `${trading_signal} ${symbol}?`, answers: ['yes', 'no'] })
    return { order: answer === 'yes' ? `${trading_signal} ${symbol}` : 'none' }
  })
  .addEdge(START, 'fetch_prices')
  .addEdge('fetch_prices', 'analyse')
  .addEdge('analyse', 'ask')
  .addEdge('ask', END)
  .compile()

const failures = new Map()

/** The same, but the model's server gives no answer to the first two runs of a thread: for `retry`. */
export const unsteady = new StateGraph(State)
  .addNode('fetch_prices', fetchPrices)
  .addNode('analyse', (state, { configurable: { thread_id } }) => {
    const count = failures.get(thread_id) ?? 0
    if (count < 2) {
      failures.set(thread_id, count + 1)
      throw new Error("the model's server is overloaded")
    }
    return analyse(state)
  })
  .addEdge(START, 'fetch_prices')
  .addEdge('fetch_prices', 'analyse')
  .addEdge('analyse', END)
  .compile()
