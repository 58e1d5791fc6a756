import { runPlanted } from './planted-worker.ts'

// No bug: what the others are compared with.
await runPlanted(() => ({}))
