import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment } from '../support/installed.ts'
import { freePort } from '../support/free-port.ts'
import { start, startWithUrl } from './processes.ts'
import { writePythonGraphs } from './python-graphs.ts'
import type { DialectServer } from './servers.ts'

const requirements = fileURLToPath(new URL('aegra-requirements.txt', import.meta.url))
const postgresProgram = fileURLToPath(new URL('./postgres.mjs', import.meta.url))

/** aegra is a self-hosted server for the same graphs, without a licence. It keeps its data in Postgres. */
export async function startAegra(): Promise<DialectServer> {
  const bin = await pythonEnvironment('langgraph-aegra', requirements)
  const cwd = await mkdtemp(join(tmpdir(), 'langgraph-aegra-'))
  await writePythonGraphs(cwd)
  // Postgres removes the folder when it ends.
  const postgres = await startWithUrl(postgresProgram, cwd)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const startServer = () =>
    start({
      command: [
        join(bin, 'python'),
        '-m',
        'uvicorn',
        'aegra_api.main:app',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
      ],
      cwd,
      env: {
        AEGRA_CONFIG: 'langgraph.json',
        DATABASE_URL: postgres.url,
        // With the default of 2 connections its requests time out when many runs are active.
        SQLALCHEMY_POOL_SIZE: '20',
        LOG_LEVEL: 'WARNING',
      },
      readyUrl: `${url}/health`,
    })
  let server = await startServer()
  return {
    url,
    // A run is in Postgres before the answer to its creation is sent.
    hasSaved: async () => true,
    async restart() {
      await server.kill()
      server = await startServer()
    },
    async stop() {
      await server.kill()
      await postgres.stop()
    },
  }
}
