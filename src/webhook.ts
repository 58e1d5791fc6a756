import { runProgram } from './run-program.ts'

/** `node dist/webhook.js`: takes LangGraph's webhooks, and wakes the workflows that wait for the runs. */
await runProgram('The webhook receiver', async () => {
  const { runReceiver } = await import('./webhook/run-receiver.ts')
  await runReceiver(process.env)
})
