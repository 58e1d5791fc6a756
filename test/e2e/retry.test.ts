import { inject } from 'vitest'
import { testRetries } from '../support/retries.ts'

testRetries({ url: inject('langGraphUrl') })
