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

/** A state without most of the channels of the other graphs. */
export const few_channels = new StateGraph(Annotation.Root({ symbol: Annotation() }))
  .addNode('keep', ({ symbol }) => ({ symbol }))
  .addEdge(START, 'keep')
  .addEdge('keep', END)
  .compile()

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

const attempts = new Map()

function doFailAgain(_, { configurable }) {
  const attempt = (attempts.get(configurable.thread_id) ?? 0) + 1
  attempts.set(configurable.thread_id, attempt)
  throw new ValueError(`attempt ${attempt} failed`)
}

/** prepare → work: fails with another text in each run of the thread. */
export const flaky = prepared().addNode('work', doFailAgain).addEdge('prepare', 'work').addEdge('work', END).compile()

const counts = new Map()

/** How often something has happened on the thread, this time included. */
function countOf(what, { configurable }) {
  const key = `${what} ${configurable.thread_id}`
  counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts.get(key)
}

/** Fails `size` times, and takes `seconds` in each attempt, or in the one whose number is `answer2`. */
async function doRecover({ symbol, seconds, size, answer2 }, config) {
  const attempt = countOf('model', config)
  if (attempt === (answer2 ?? attempt)) await pause(seconds)
  if (attempt > size) return { final: `${symbol} at attempt ${attempt}` }
  throw Object.assign(new Error(`attempt ${attempt} failed`), { name: 'ModelError' })
}

/** prepare, which counts its runs → model, which fails a few times → ask, which asks if the symbol is 'ASK'. */
export const recovering = new StateGraph(State)
  .addNode('prepare', (_, config) => ({ partial: `prepared ${countOf('prepare', config)} times` }))
  .addNode('model', doRecover)
  .addNode('ask', ({ symbol }) => (symbol === 'ASK' ? { answer: interrupt({ question: 'buy?' }) } : {}))
  .addEdge(START, 'prepare')
  .addEdge('prepare', 'model')
  .addEdge('model', 'ask')
  .addEdge('ask', END)
  .compile()

/** prepare → ask: one node with three questions in a row. */
export const three_questions = prepared()
  .addNode('ask', () => ({ answer: [0, 1, 2].map((n) => interrupt({ question: `q${n}` })) }))
  .addEdge('prepare', 'ask')
  .addEdge('ask', END)
  .compile()

async function doHalf({ seconds }) {
  await pause(seconds)
  return {}
}

/** prepare → one and two at once, for `seconds`; two fails at once if the symbol is 'boom'. */
export const two_at_work = prepared()
  .addNode('one', doHalf)
  .addNode('two', (state) => (state.symbol === 'boom' ? doFail({ symbol: 'boom' }) : doHalf(state)))
  .addEdge('prepare', 'one')
  .addEdge('prepare', 'two')
  .addEdge('one', END)
  .addEdge('two', END)
  .compile()

async function doAskLate(state) {
  await pause(state.seconds)
  return doAsk(state)
}

/** prepare → one, which has finished at once, and two, which asks after `seconds` (and fails at the answer 'boom'). */
export const one_of_two = prepared()
  .addNode('one', () => ({ answer2: 'one' }))
  .addNode('two', doAskLate)
  .addEdge('prepare', 'one')
  .addEdge('prepare', 'two')
  .addEdge('one', END)
  .addEdge('two', END)
  .compile()

/** As `work`, but its output is `final` alone. */
export const with_output = new StateGraph({ stateSchema: State, output: Annotation.Root({ final: Annotation() }) })
  .addNode('prepare', ({ symbol }) => ({ partial: `partial ${symbol}` }))
  .addNode('work', doWork)
  .addEdge(START, 'prepare')
  .addEdge('prepare', 'work')
  .addEdge('work', END)
  .compile()

/** For Python servers: JavaScript has no such integers. */
export const numbers = work
export const overflow = fail
