import { afterAll } from 'vitest'
import { testExecutions } from '../support/executions.ts'
import { dialects } from './servers.ts'

const aegra = await dialects['aegra 0.6.0']()
afterAll(() => aegra.stop())

testExecutions(aegra.url, undefined, ['rollback', 'breakpoints'])
