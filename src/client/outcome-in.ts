export { isOutcome } from '../domain/outcome-in.ts'
