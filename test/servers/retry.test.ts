import { afterAll, describe } from 'vitest'
import { startsNoneWithoutInput } from '../../src/langgraph/failed-run.ts'
import { testRetries } from '../support/retries.ts'
import { dialects, pythonRunTimeoutSeconds } from './servers.ts'

// The JS server 1.5.1 has its turn in the main tests.
const [js, python, aegra] = await Promise.all([
  dialects['JS 2.0.0'](),
  dialects['Python 0.16.7'](),
  dialects['aegra 0.6.0'](),
])
afterAll(() => Promise.all([js, python, aegra].map((server) => server.stop())))

describe('JS 2.0.0', () => {
  testRetries({ url: js.url })
})
describe('Python 0.16.7', () => {
  testRetries({ url: python.url, limitSeconds: pythonRunTimeoutSeconds })
})
describe('aegra 0.6.0', () => {
  testRetries({ url: aegra.url, refuses: startsNoneWithoutInput })
})
