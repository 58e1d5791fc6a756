import { inject } from 'vitest'
import { testExecutions } from '../support/executions.ts'

testExecutions(inject('langGraphUrl'), 422)
