// Runs a real JS LangGraph server, which ends with the process that forked it, and sends { url } over IPC when it is ready.
// Arguments: a JSON object, graph name → "/absolute/file.mjs:export"; the port, 0 for a free one; the folder for its data.
import { startServer } from '@langchain/langgraph-api/server'

const end = () => process.exit(0)
process.on('disconnect', end)
process.on('SIGTERM', end)
// Ctrl-C and a closed terminal reach the whole process group, but the parent still needs the server while it stops.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
// The parent may have ended while this file was loading.
if (!process.connected) end()

const [graphs, port, cwd] = process.argv.slice(2)
const { host } = await startServer({
  host: '127.0.0.1',
  port: Number(port),
  nWorkers: 10,
  cwd,
  graphs: JSON.parse(graphs),
})
process.send?.({ url: `http://${host}` })
