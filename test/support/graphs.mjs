// The test graphs, none of which needs a model. The state is the same everywhere:
// symbol, seconds (how long `work` takes), size (characters of `blob`), partial, answer, answer2, final, blob.
import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'

const State = Annotation.Root({
  symbol: Annotation(),
  seconds: Annotation(),
  size: Annotation(),
  partial: Annotation(),
  answer: Annotation(),
  answer2: Annotation(),
  final: Annotation(),
  blob: Annotation(),
})

class ValueError extends Error {
  name = 'ValueError'
}

const pause = (seconds = 0) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

// Every graph begins with this node, so that a run that stops later has left partial values.
const prepared = () =>
  new StateGraph(State).addNode('prepare', ({ symbol }) => ({ partial: `partial ${symbol}` })).addEdge(START, 'prepare')

async function doWork({ symbol, seconds, size }) {
  await pause(seconds)
  return { final: `done ${symbol}`, ...(size && { blob: 'x'.repeat(size) }) }
}

async function doFail({ symbol, seconds }) {
  await pause(seconds)
  throw new ValueError(`boom for ${symbol}`)
}

/** prepare → work: succeeds after `seconds`. */
export const work = prepared().addNode('work', doWork).addEdge('prepare', 'work').addEdge('work', END).compile()

/** prepare → work: "ValueError: boom for <symbol>" after `seconds`. */
export const fail = prepared().addNode('work', doFail).addEdge('prepare', 'work').addEdge('work', END).compile()

function doAsk({ symbol }) {
  const answer = interrupt({ question: `buy ${symbol}?` })
  if (answer === 'boom') throw new ValueError(`boom for ${symbol}`)
  return { answer }
}

/** prepare → ask (waits for a human; fails at the answer 'boom') → work. */
export const human = prepared()
  .addNode('ask', doAsk)
  .addNode('work', doWork)
  .addEdge('prepare', 'ask')
  .addEdge('ask', 'work')
  .addEdge('work', END)
  .compile()

/** prepare → ask and ask_too at once (two questions) → work. */
export const two_humans = prepared()
  .addNode('ask', () => ({ answer: interrupt('first?') }))
  .addNode('ask_too', () => ({ answer2: interrupt('second?') }))
  .addNode('work', doWork)
  .addEdge('prepare', 'ask')
  .addEdge('prepare', 'ask_too')
  .addEdge(['ask', 'ask_too'], 'work')
  .addEdge('work', END)
  .compile()

const asking = new StateGraph(State)
  .addNode('ask_inside', () => ({ answer: interrupt({ question: 'inside?' }) }))
  .addEdge(START, 'ask_inside')
  .addEdge('ask_inside', END)
  .compile()

/** prepare → child (a subgraph that waits for a human) → work. */
export const nested_human = prepared()
  .addNode('child', asking)
  .addNode('work', doWork)
  .addEdge('prepare', 'child')
  .addEdge('child', 'work')
  .addEdge('work', END)
  .compile()
