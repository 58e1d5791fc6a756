import { runProgram } from './run-program.ts'

/** `node dist/codec-server.js`: decrypts payloads for Temporal's Web UI and its command line. */
await runProgram('The codec server', async () => {
  const { runCodecServer } = await import('./payloads/codec-server/run-codec-server.ts')
  await runCodecServer(process.env)
})
