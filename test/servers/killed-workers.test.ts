import { afterAll } from 'vitest'
import { testKilledWorkers } from '../support/killed-workers.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { WorkerStage } from '../support/worker-process.ts'
import { dialects } from './servers.ts'

// The JS server has its turn in the main tests.
const python = await dialects['Python 0.16.7']()
const closings = [() => python.stop()]
afterAll(() => Promise.all(closings.toReversed().map((close) => close())))

async function openProxiedStage() {
  const proxy = await TcpProxy.start(python.url)
  const stage = await WorkerStage.open(proxy.url, { named: proxy.url })
  closings.push(
    () => proxy.stop(),
    () => stage.close(),
  )
  return { proxy, stage, worker: await stage.startWorker() }
}

testKilledWorkers(openProxiedStage, new LangGraphRuns(python.url))
