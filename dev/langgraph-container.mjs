// The toy LangGraph server of docker-compose's profile `demo`. Other containers reach it on port 2024.
import { fileURLToPath } from 'node:url'
import { startServer } from '@langchain/langgraph-api/server'

const file = fileURLToPath(new URL('trading-graph.mjs', import.meta.url))
await startServer({
  host: '0.0.0.0',
  port: 2024,
  nWorkers: 10,
  cwd: '/tmp',
  graphs: Object.fromEntries(['trading', 'approval', 'unsteady'].map((name) => [name, `${file}:${name}`])),
})
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
