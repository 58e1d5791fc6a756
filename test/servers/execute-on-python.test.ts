import { afterAll } from 'vitest'
import { testExecutions } from '../support/executions.ts'
import { dialects } from './servers.ts'

// The JS server has its turn in the main tests.
const python = await dialects['Python 0.16.7']()
afterAll(() => python.stop())

testExecutions(python.url, 409)
