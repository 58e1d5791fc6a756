import { runWorker } from './ready-worker.ts'
import { runProgram } from './run-program.ts'

/** `node dist/worker.js`: the ready worker in production, without the command line around it. */
await runProgram('The worker', () => runWorker(process.env))
